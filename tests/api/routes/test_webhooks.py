"""Webhooks from the post to the receiver: signed by the standard, sent once for each end, logged, sent again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from db.accounts.webhook_secrets import MOST_SECRETS
from db.smelts.control import AlreadyEnded, cancel
from db.work.claims import claim_next
from db.work.webhooks import DELIVERIES
from pipeline.retry import DELIVERY_ATTEMPTS
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.in_process_worker import deliver_all, do_all_work
from tests.support.receiver import Received, Receiver, receiving
from workers.notifications.queues import Queue
from workers.reconciler.loop import promote_due, rescue_expired
from workers.services import Services

NOTE: dict[str, Any] = {"texts": ["Ann ships SECRET-CANARY."], "default_prompt_names": ["summarize"]}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Webhooks may be sent to this machine, in clear."""
    return settings.model_copy(update={"webhook_allowed_networks": ("127.0.0.0/8",)})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def secret(ada: httpx.Client) -> str:
    return new_secret(ada)["secret"]


def new_secret(client: httpx.Client) -> dict[str, str]:
    reply = client.post("/v1/webhook-secret")
    assert (reply.status_code, reply.headers["Cache-Control"]) == (201, "no-store"), reply.text
    made: dict[str, str] = reply.json()
    return made


def post(client: httpx.Client, url: str) -> str:
    reply = client.post("/v1/smelts", json={**NOTE, "webhook_url": url})
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


def log_of(client: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/v1/webhook-deliveries").raise_for_status().json()["items"]
    return items


def verify(secret: str, message: Received) -> dict[str, Any]:
    verified: dict[str, Any] = Webhook(secret).verify(message.body, message.headers)
    return verified


def make_due(api: RunningApi, settings: Settings) -> None:
    """Lets the time until the next attempts pass, and the reconciler see it."""
    with api.services.database.service() as conn:
        conn.execute(text("update webhook_deliveries set run_at = now() where status = 'waiting'"))
    services = Services.open(settings)
    promote_due(services)
    services.close()


def test_the_end_of_a_smelt_is_told_once_signed_and_without_content(
    ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    smelt_id = post(ada, receiver.url)
    assert deliver_all(settings) == 0
    do_all_work(settings)
    assert (deliver_all(settings), deliver_all(settings)) == (1, 0)

    (message,) = receiver.received
    smelt = ada.get(f"/v1/smelts/{smelt_id}").json()
    assert verify(secret, message) == {
        "type": "smelt.completed",
        "timestamp": smelt["finished_at"],
        "data": {
            "id": smelt_id,
            "status": "completed",
            "mode": "separate",
            "version": smelt["version"],
            "finished_at": smelt["finished_at"],
        },
    }
    assert (message.path, message.headers["content-type"]) == ("/hook?from=smelt", "application/json")
    assert b"CANARY" not in message.body
    (logged,) = log_of(ada)
    assert (logged["smelt_id"], logged["event"], logged["status"]) == (
        smelt_id,
        "smelt.completed",
        "completed",
    )
    assert (logged["attempt"], logged["response_status"], logged["error_code"]) == (1, 204, None)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(message.body.replace(b"completed", b"canceled"), message.headers)


def test_each_end_is_an_event_of_its_own(
    ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    smelt_id = post(ada, receiver.url)
    for call in ("cancel", "retry", "cancel"):
        assert ada.post(f"/v1/smelts/{smelt_id}/{call}").is_success
    assert ada.post(f"/v1/smelts/{smelt_id}/retry").is_success
    do_all_work(settings)
    assert deliver_all(settings) == 3
    types = [verify(secret, message)["type"] for message in receiver.received]
    assert types == ["smelt.canceled", "smelt.canceled", "smelt.completed"]
    assert len({message.headers["webhook-id"] for message in receiver.received}) == 3


def test_a_receiver_that_fails_is_tried_again_with_the_same_message(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    receiver.answers = [500, 302, 200]
    post(ada, receiver.url)
    do_all_work(settings)
    assert deliver_all(settings) == 1
    (waiting,) = log_of(ada)
    assert (waiting["status"], waiting["response_status"]) == ("waiting", 500)
    left = datetime.fromisoformat(waiting["next_attempt_at"]) - datetime.now(UTC)
    assert timedelta(0) < left < timedelta(seconds=10)
    for _ in range(2):
        make_due(api, settings)
        assert deliver_all(settings) == 1
    assert log_of(ada)[0]["status"] == "completed"
    assert len({(message.headers["webhook-id"], message.body) for message in receiver.received}) == 1
    assert [verify(secret, message)["type"] for message in receiver.received] == ["smelt.completed"] * 3


def test_a_receiver_may_say_when_to_come_again_within_reason(
    ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    receiver.answers = [429]
    for asked, least in (("120", 120), ("100000000", 3_600)):
        receiver.headers = {"Retry-After": asked}
        post(ada, receiver.url)
        do_all_work(settings)
        deliver_all(settings)
        waiting = log_of(ada)[0]
        left = datetime.fromisoformat(waiting["next_attempt_at"]) - datetime.now(UTC)
        assert timedelta(seconds=least - 10) < left <= timedelta(seconds=1.25 * least)


def test_whoever_ends_a_smelt_notifies_for_its_webhook(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    """No reconciler runs here. What is rolled back notifies nobody."""
    notifier = api.services.notifier
    canceled, completed = post(ada, receiver.url), post(ada, receiver.url)
    assert notifier.waiting(Queue.DELIVER) == 0
    ada.post(f"/v1/smelts/{canceled}/cancel").raise_for_status()
    assert notifier.waiting(Queue.DELIVER) == 1
    do_all_work(settings)
    assert ada.get(f"/v1/smelts/{completed}").json()["status"] == "completed"
    assert notifier.waiting(Queue.DELIVER) == 2
    assert deliver_all(settings) == 2
    notified = notifier.waiting(Queue.DELIVER) or 0
    ada.post(f"/v1/webhook-deliveries/{log_of(ada)[0]['id']}/replay").raise_for_status()
    assert notifier.waiting(Queue.DELIVER) == notified + 1
    with pytest.raises(AlreadyEnded):
        cancel_twice(api, UUID(post(ada, receiver.url)))
    assert notifier.waiting(Queue.DELIVER) == notified + 1


def cancel_twice(api: RunningApi, smelt_id: UUID) -> None:
    """In one transaction, which fails."""
    with api.services.database.service() as conn:
        for _ in range(2):
            cancel(conn, smelt_id)


def test_after_its_last_attempt_it_fails_and_can_be_sent_again(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    receiver.answers = [503]
    post(ada, receiver.url)
    do_all_work(settings)
    for _ in range(DELIVERY_ATTEMPTS):
        assert deliver_all(settings) == 1
        make_due(api, settings)
    assert deliver_all(settings) == 0
    (failed,) = log_of(ada)
    assert (failed["status"], failed["error_code"]) == ("failed", "delivery_failed")

    replay = f"/v1/webhook-deliveries/{failed['id']}/replay"
    assert ada.post(f"/v1/webhook-deliveries/{uuid4()}/replay").status_code == 404
    receiver.answers = [200]
    again = ada.post(replay)
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    assert ada.post(replay).json()["code"] == "already_under_way"
    assert deliver_all(settings) == 1
    assert log_of(ada)[0]["status"] == "completed"
    first, last = receiver.received[0], receiver.received[-1]
    assert (last.headers["webhook-id"], last.body) == (first.headers["webhook-id"], first.body)
    assert ada.post(replay).status_code == 202


def test_a_worker_that_dies_while_it_sends_costs_one_attempt_of_many(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    smelt_id = post(ada, receiver.url)
    ada.post(f"/v1/smelts/{smelt_id}/cancel")
    services = Services.open(settings)
    for _ in range(settings.max_attempts + 1):
        with services.database.service() as conn:
            assert claim_next(conn, DELIVERIES, 30) is not None
            conn.execute(text("update webhook_deliveries set lease_until = now() - interval '1 second'"))
        rescue_expired(services)
    services.close()
    assert deliver_all(settings) == 1
    assert verify(secret, receiver.received[0])["type"] == "smelt.canceled"
    assert log_of(ada)[0]["attempt"] == settings.max_attempts + 2


def test_a_receiver_that_is_gone_is_left_alone(
    ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    receiver.answers = [410]
    post(ada, receiver.url)
    do_all_work(settings)
    deliver_all(settings)
    (logged,) = log_of(ada)
    assert (logged["status"], logged["response_status"]) == ("failed", 410)


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    made = new_secret(ada)
    left = datetime.fromisoformat(made["previous_valid_until"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    post(ada, receiver.url)
    do_all_work(settings)
    deliver_all(settings)
    for each in (secret, made["secret"]):
        assert verify(each, receiver.received[0])["type"] == "smelt.completed"

    with api.services.database.service() as conn:
        conn.execute(text("update webhook_secrets set expires_at = now() where expires_at is not null"))
    ada.post(f"/v1/webhook-deliveries/{log_of(ada)[0]['id']}/replay")
    deliver_all(settings)
    assert verify(made["secret"], receiver.received[1])
    with pytest.raises(WebhookVerificationError):
        verify(secret, receiver.received[1])
    for _ in range(MOST_SECRETS + 2):
        new_secret(ada)
    with api.services.database.service() as conn:
        assert conn.execute(text("select count(*) from webhook_secrets")).scalar_one() == MOST_SECRETS


def test_a_secret_is_stored_encrypted(api: RunningApi, secret: str) -> None:
    with api.services.database.service() as conn:
        row = conn.execute(text("select ciphertext from webhook_secrets")).one()
    assert secret.removeprefix("whsec_").encode() not in bytes(row.ciphertext)


def test_one_delivery_for_an_end_however_often_it_is_settled(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver
) -> None:
    smelt_id = post(ada, receiver.url)
    replies = [ada.post(f"/v1/smelts/{smelt_id}/cancel").status_code for _ in range(3)]
    assert replies == [200, 409, 409]
    assert ada.delete(f"/v1/smelts/{smelt_id}/content").status_code == 200
    with api.services.database.service() as conn:
        rows = conn.execute(text("select smelt_id, event from webhook_deliveries")).all()
    assert [tuple(row) for row in rows] == [(UUID(smelt_id), "smelt.canceled")]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.1/",
        "https://127.1.1.1.example/\n",
        "https://169.254.169.254/latest",
        "x",
        "ftp://a.example",
    ],
)
def test_a_url_that_cant_be_sent_to_refuses_the_post(ada: httpx.Client, secret: str, url: str) -> None:
    reply = ada.post("/v1/smelts", json={**NOTE, "webhook_url": url})
    if url.startswith(
        "http://192"
    ):  # in clear, to a network that isn't allowed: an address is judged at once
        assert reply.status_code == 422
    assert reply.status_code == 422, reply.text
    assert [fault["field"] for fault in reply.json()["errors"]] == ["webhook_url"]


def test_without_a_secret_or_a_sign_in_there_are_no_webhooks(
    ada: httpx.Client, visitor: httpx.Client, receiver: Receiver
) -> None:
    reply = ada.post("/v1/smelts", json={**NOTE, "webhook_url": receiver.url})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "webhook_url")
    assert "/v1/webhook-secret" in reply.json()["detail"]
    reply = visitor.post("/v1/smelts", json={**NOTE, "webhook_url": receiver.url})
    assert (reply.status_code, reply.json()["code"]) == (403, "sign_in_required")
    for call in (visitor.post("/v1/webhook-secret"), visitor.get("/v1/webhook-deliveries")):
        assert call.status_code == 401


def test_a_name_that_leads_inside_is_refused_when_it_is_sent(
    settings: Settings, cast: Cast, receiver: Receiver
) -> None:
    """`localhost` can be posted: what it resolves to is judged at each attempt."""
    strict = settings.model_copy(update={"webhook_allowed_networks": ()})
    with running(strict) as api, api.client(cast.ada.headers) as ada:
        new_secret(ada)
        post(ada, f"https://localhost:{receiver.port}/hook")
        do_all_work(strict)
        assert deliver_all(strict) == 1
        with api.services.database.service() as conn:
            conn.execute(text("update webhook_deliveries set failures = 100"))
        make_due(api, strict)
        deliver_all(strict)
        (logged,) = log_of(ada)
    assert (logged["status"], logged["error_code"]) == ("failed", "address_refused")
    assert receiver.received == []


def test_an_attempt_that_is_refused_an_address_has_no_reply_in_the_log(
    api: RunningApi, ada: httpx.Client, secret: str, receiver: Receiver, settings: Settings
) -> None:
    """Not the one of the attempt before."""
    receiver.answers = [500]
    post(ada, receiver.url)
    do_all_work(settings)
    deliver_all(settings)
    assert log_of(ada)[0]["response_status"] == 500
    make_due(api, settings)
    assert deliver_all(settings.model_copy(update={"webhook_allowed_networks": ()})) == 1
    (logged,) = log_of(ada)
    assert (logged["attempt"], logged["status"], logged["response_status"]) == (2, "waiting", None)


def test_the_log_is_paged_and_ones_own(
    ada: httpx.Client, bob: httpx.Client, secret: str, receiver: Receiver
) -> None:
    smelts = [post(ada, receiver.url) for _ in range(3)]
    for smelt_id in smelts:
        ada.post(f"/v1/smelts/{smelt_id}/cancel")
    seen, cursor = [], None
    while True:
        page = ada.get(
            "/v1/webhook-deliveries", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [item["smelt_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == smelts[::-1]
    assert log_of(bob) == []
    assert bob.post(f"/v1/webhook-deliveries/{log_of(ada)[0]['id']}/replay").status_code == 404
    assert "CANARY" not in json.dumps(log_of(ada))
