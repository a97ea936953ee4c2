"""A batch followed from its post to its end, over HTTP, with every process at work."""

from pathlib import Path

from standardwebhooks import Webhook

from tests.support.event_stream import events
from tests.support.receiver import receiving
from tests.support.running import RunningService
from tests.support.waiting import wait_until

RECORDING = Path(__file__).parent / "recordings" / "speech.m4a"


def test_a_batch_is_followed_to_its_end_and_its_end_is_told(service: RunningService) -> None:
    with receiving() as receiver, service.client(service.cast.ada) as ada:
        secret = ada.post("/v1/webhook-secret").raise_for_status().json()["secret"]
        reply = ada.post(
            "/v1/smelts",
            files=[
                ("files", ("speech.m4a", RECORDING.read_bytes())),
                ("texts", (None, "Ann ships on Friday.")),
            ],
            data={"mode": "combine", "default_prompt_names": "summarize", "webhook_url": receiver.url},
        )
        smelt = reply.raise_for_status().json()
        with events(ada, f"/v1/smelts/{smelt['id']}/events") as stream:
            seen = [event for event in stream if event.name]
        wait_until(lambda: receiver.received)
        (told,) = receiver.received

    assert [event.name for event in seen[:4]] == ["smelt", "file", "file", "output"]
    assert (seen[-1].name, seen[-1].data) == ("done", {"status": "completed"})
    recordings = [event.data["status"] for event in seen if event.data.get("input_type") == "audio"]
    assert (recordings[0], recordings[-1]) != ("completed", "completed")
    assert recordings[-1] == "completed"
    assert Webhook(secret).verify(told.body, told.headers)["data"]["id"] == smelt["id"]
