"""Work that is accepted, and fills processors."""

from tests.faults.chaos.attacks.target import Target

SENTENCE = "会议讨论了新产品的发布计划, 小王负责在星期五之前完成报告。我们还决定把预算增加百分之十。"


def long_texts(target: Target) -> None:
    """Chinese, which the extractive engine takes longest for."""
    texts = target.size(15, 3)
    text = (target.size(1_900_000, 400_000) // len(SENTENCE.encode())) * SENTENCE
    parts = [("texts", (None, text.encode()))] * texts
    fields = [("default_prompt_names", (None, b"summarize"))]
    with target.client(target.token) as client:
        for _ in range(4):
            target.ask(client, "POST", "/v1/smelts", files=[*parts, *fields])
