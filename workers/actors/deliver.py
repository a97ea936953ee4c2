"""Sends one webhook: the work of the `deliver` queue. Metadata only, and exactly the bytes that were signed."""

import json
import logging
import ssl
import time
from datetime import UTC
from uuid import UUID

from db.work.claims import complete
from db.work.webhooks import DELIVERIES, DeliveryJob, begin_delivery, note_response
from pipeline.content.keyring import webhook_context
from pipeline.errors import WorkError
from pipeline.logs import bind
from pipeline.metrics.servers import expect_replies, webhook_replies
from pipeline.net.networks import networks
from pipeline.net.webhook_signature import headers
from pipeline.net.webhook_url import BadUrl, parse
from pipeline.settings import Settings
from pipeline.states import ErrorCode
from pipeline.tracing import spans
from workers.actors.outbound import AddressRefused, Outbound, Reply, Unreachable
from workers.runner.task import Task
from workers.services import Services

log = logging.getLogger(__name__)

GONE = 410  # the receiver wants no more of it


def make_outbound(settings: Settings) -> Outbound:
    """Raises ValueError for an allowed network that is none."""
    expect_replies()
    return Outbound(networks(settings.webhook_allowed_networks), ssl.create_default_context())


def deliver(task: Task, outbound: Outbound) -> None:
    """Raises WorkError when it wasn't accepted, LostLease when it is no longer ours."""
    job = task.services.record(lambda conn: begin_delivery(conn, task.claim))
    bind(smelt=str(job.smelt_id))
    answer = _send(task, job, outbound)
    status = answer.status if isinstance(answer, Reply) else None
    webhook_replies.labels(_kind(answer)).inc()
    task.services.record(lambda conn: note_response(conn, task.claim, status))
    if isinstance(answer, ErrorCode):
        raise WorkError(answer, retryable=True)
    if not answer.accepted:
        raise WorkError(
            ErrorCode.DELIVERY_FAILED, retryable=answer.status != GONE, retry_after=answer.retry_after
        )
    task.services.record(lambda conn: complete(conn, DELIVERIES, task.claim))


def _send(task: Task, job: DeliveryJob, outbound: Outbound) -> Reply | ErrorCode:
    """The reply, or why there was none."""
    body = message(job)
    keys = [_unwrapped(task.services, secret_id, wrapped) for secret_id, wrapped in job.secrets]
    signed = headers(f"msg_{task.claim.id.hex}", int(time.time()), body, keys)
    try:
        with spans.call("POST", {"http.request.method": "POST"}):
            reply = outbound.post(parse(job.url, outbound.allowed), signed | spans.headers(), body)
            spans.note({"http.response.status_code": reply.status}, failed=not reply.accepted)
            return reply
    except (AddressRefused, BadUrl):
        # Tried again all the same: a name may be on its way from one address to another.
        return ErrorCode.ADDRESS_REFUSED
    except Unreachable as error:
        log.info("the receiver is out of reach: %s", error)
        return ErrorCode.DELIVERY_FAILED


def _kind(answer: Reply | ErrorCode) -> str:
    if isinstance(answer, Reply):
        return f"{answer.status // 100}xx"
    return "refused" if answer is ErrorCode.ADDRESS_REFUSED else "none"


def message(job: DeliveryJob) -> bytes:
    """The same bytes at every attempt: what became of the smelt, as it was then."""
    occurred = job.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    data = {
        "id": str(job.smelt_id),
        "status": job.event.removeprefix("smelt."),
        "mode": job.mode.value,
        "version": job.smelt_version,
        "finished_at": occurred,
    }
    return json.dumps(
        {"type": job.event, "timestamp": occurred, "data": data}, separators=(",", ":")
    ).encode()


def _unwrapped(services: Services, secret_id: UUID, wrapped: bytes) -> bytes:
    return services.keyring.unwrap(wrapped, webhook_context(secret_id))
