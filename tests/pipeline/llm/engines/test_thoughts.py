"""Thoughts go, whatever marks them; an answer about such marks stays, to the letter."""

import pytest

from pipeline.llm.engines.thoughts import without_thoughts

ANSWER = "# Title\n\nThe launch is in May."
THOUGHT: list[str] = [
    f"<think>Let me see.</think>\n\n{ANSWER}",
    f"<think>\nLet me see.\n\n- a list\n</think>\n\n{ANSWER}",
    f"<think> let me see </think>{ANSWER}",
    f"<think></think>\n\n{ANSWER}",
    f"<think>\n\n</think>\n\n{ANSWER}",
    f"<Think >Let me see.</ think >\n{ANSWER}",
    f'<think time="3s">Let me see.</think>\n{ANSWER}',
    f"<thinking>\nLet me see.\n</thinking>\n{ANSWER}",
    f"<thought>Let me see.</thought>\n{ANSWER}",
    f"<thoughts>Let me see.</thoughts>\n{ANSWER}",
    f"<reasoning>\nLet me see.\n</reasoning>\n<answer>\n{ANSWER}\n</answer>",
    f"<seed:think>Let me see.</seed:think>{ANSWER}",
    f"<thinking>Let me see.</thinking>{ANSWER}",
    f"[THINK]Let me see.[/THINK]{ANSWER}",
    f"<longcat_think>Let me see.</longcat_think>{ANSWER}",
    f"<think_never_used_51bce0c785ca2f68081bfa7d91973934>See.</think_never_used_51bce0c785ca2f68081bfa7d91973934>{ANSWER}",
    f"<thought_process>\nLet me see.\n</thought_process>\n{ANSWER}",
    f"<assistant_thinking>Let me see.</assistant_thinking>{ANSWER}",
    f"<|begin_of_reasoning|>Let me see.<|end_of_reasoning|>{ANSWER}",
    f"Let me see.\n</reasoning_content>\n\n{ANSWER}",
    f"analysis\nThe user wants it.\nassistantfinal\n{ANSWER}",
    f"analysis the user wants it. assistantfinal{ANSWER}",
    f"{ANSWER}<|im_end|>",
    f"{ANSWER}\n<|eot_id|><|end_of_text|>\n",
    f"<s>{ANSWER}</s>",
    f"{ANSWER}</s>",
    f"<|im_start|>assistant\n{ANSWER}<|im_end|>",
    f"{ANSWER}<｜end▁of▁sentence｜>",  # noqa: RUF001
    f"◁think▷Let me see.◁/think▷{ANSWER}",
    f"<|begin_of_thought|>\nLet me see.\n<|end_of_thought|>\n<|begin_of_solution|>\n{ANSWER}\n<|end_of_solution|>",
    f"<|START_THINKING|>Let me see.<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    f"<unused94>thought\nLet me see.<unused95>{ANSWER}",
    f"<|channel>thought\nLet me see.\n<channel|>{ANSWER}",
    f'<details type="reasoning" done="true">\n<summary>Thought</summary>\nLet me see.\n</details>\n{ANSWER}',
    f"Okay, let me see.\n</think>\n\n{ANSWER}",
    f"Okay, let me see.</think>\n\n{ANSWER}",
    f"Okay, let me see</think>{ANSWER}",
    f"Okay, let me see.\n\nOnce more.\n[/THINK]\n{ANSWER}",
    f"</think>\n\n{ANSWER}",
    f"<think>Let me <think>see</think> well.\n</think>\n{ANSWER}",
    f"<think>I must close with `</think>` later.\n</think>\n{ANSWER}",
    f"<think>I would write:\n```markdown\n# Ti\n</think>\n{ANSWER}",
    f"<thinking>Let me see.</think>\n{ANSWER}",
    f"<think>One.</think>\n<think>Two.</think>\n{ANSWER}",
    f"{ANSWER}\n\n<think>\nDid I forget anything?",
    f"<think>One.</think>\n\n{ANSWER}\n\n</think>",
    f"<think>One.</think>\n<answer>\n{ANSWER}",
    f"<|thinking|>Let me see.<|/thinking|>{ANSWER}",
    f"[THINKING]Let me see.[/THINKING]{ANSWER}",
    f"<analysis>Let me see.</analysis>\n{ANSWER}",
    f"<inner_monologue>Let me see.</inner_monologue>\n{ANSWER}",
    f"assistantanalysisHm.assistantfinal{ANSWER}",
    f"{ANSWER}\n\n<think>\nDid I forget anything?\n</think>",
    f"<|channel|>analysis<|message|>Let me see.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
    f"<|start|>assistant<|channel|>analysis<|message|>See.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    f"<|channel|>analysis<|message|>A.<|end|><|channel|>commentary<|message|>B.<|end|>"
    f"<|start|>assistant<|channel|>final <|constrain|>text<|message|>{ANSWER}<|end|>",
    f"Let me see.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    f"<|channel|>final<|message|>{ANSWER}",
    f"analysisThe user wants a summary.assistantfinal{ANSWER}",
    f"analysisThe user wants it.assistantcommentaryHm.assistantfinal\n\n{ANSWER}",
    f"{ANSWER}\n\n<think>Did I forget anything? Let me",
    f"<think>One.</think>\n\n{ANSWER}\n\n<think>Did I forget anything?",
    f"<antThinking>Let me see.</antThinking>\n\n{ANSWER}",
    f"<thought-process>Let me see.</thought-process>\n\n{ANSWER}",
    f"<chain-of-thought>Let me see.</chain-of-thought>\n\n{ANSWER}",
    f"<|thinking_start|>Let me see.<|thinking_end|>{ANSWER}",
    f"<|inner_prefix|>Let me see.<|inner_suffix|>{ANSWER}",
    f"<|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER}<|eot|>",
    f"<|header_start|>assistant<|header_end|>\n\n{ANSWER}<|end_of_turn|>",
    f"analysis\nWe need to sum up.\nfinal\n{ANSWER}",
    f"analysis\n\nWe need to sum up.\n\nfinal\n\n{ANSWER}",
]


@pytest.mark.parametrize("answer", THOUGHT)
def test_thoughts_are_taken_off(answer: str) -> None:
    assert without_thoughts(answer, "Sum up the launch.").strip() == ANSWER


@pytest.mark.parametrize(
    "begin",
    ["Sure, here it is.\n", "Sure, here it is.\n\n", "Sure, here it is. "],
)
@pytest.mark.parametrize("thoughts", ["<think>\nLet me see.\n</think>", "<think>Let me see.</think>"])
def test_thoughts_after_a_preface_are_taken_off(begin: str, thoughts: str) -> None:
    left = without_thoughts(f"{begin}{thoughts}\n\n{ANSWER}", "")
    assert "Let me see" not in left
    assert "think" not in left
    assert left.startswith("Sure, here it is.")
    assert left.endswith(ANSWER)


@pytest.mark.parametrize(
    ("preface", "thought"),
    [
        ("Sure!", "<think>Let me see.</think>"),
        ("Sure, here it is.", "<think>Let me see.</think>"),
        ("(Sure, here it is.)", "<think>Let me see.</think>"),
        ("好的。", "<think>让我看看。</think>"),
    ],
)
def test_no_blank_is_needed_after_a_preface(preface: str, thought: str) -> None:
    assert without_thoughts(f"{preface}{thought}\n\n{ANSWER}", "") == f"{preface}\n\n{ANSWER}"


def test_a_short_answer_between_thoughts_is_no_preface() -> None:
    answer = "<think>One.</think>\nThe launch is in May.\n<think>\nDid I forget anything?"
    assert without_thoughts(answer, "").strip() == "The launch is in May."
    assert without_thoughts(f"{answer}\n</think>", "").strip() == "The launch is in May."


@pytest.mark.parametrize(
    "answer",
    [
        "<think>Let me see.</think>",
        "<think>Let me see.</think>\n <think>Again.</think>\n",
        "<think>\nOkay, the user wants a summary.\n\nLet me see",
        "<think>Okay, the user wants",
        "<thinking>\nOkay",
        "[THINK]Okay, the user",
        "◁think▷Okay",
        "Sure, let me think about it.\n<think>\nOkay, the user wants",
        "Okay, let me see.\n</think>\n",
        "Okay, let me see.</think>",
        "<|channel|>analysis<|message|>The user wants a summary",
        "<|channel|>analysis<|message|>The user wants a summary.<|end|>",
        "<|start|>assistant<|channel|>commentary<|message|>Hm.<|end|>",
        "analysisThe user wants a summary",
        "Sure, let me think about it.\n<think>Okay, the user wants",
        "Sure, let me think. <think>Okay, the user wants a summary. Let me",
        "Sure, let me think.\n<think>Hm.</think>",
    ],
)
def test_nothing_but_thoughts_leaves_nothing(answer: str) -> None:
    assert without_thoughts(answer, "Sum up the launch.").strip() == ""


ABOUT: list[str] = [
    "The template ends each turn with `<|im_end|>`.",
    "A turn ends with <|im_end|> and begins with <|im_start|>, as was said.",
    "Text with <think> in it </think>.",
    "Models write <think>reasoning</think> before the answer.",
    "They use tags. Models write <think>reasoning</think> before the answer.\n\nThat is so.",
    "The form is this: <think>reasoning</think>\n\nThat is so.",
    "Models write `<think>` first and `</think>` last.",
    "<think> and </think> are the tags that such models write.",
    "<think> is the tag that begins a model's reasoning.",
    "`<think>`: begins the reasoning.",
    "The end is marked with </think>\n\nAfter it comes the answer.",
    'The end is marked with "</think>".',
    "The end is marked (</think>).",
    "An end without a beginning. </think> is often alone.",
    "# Tags\n\n- <think> begins, </think> ends\n- <thinking>: the same\n- [THINK] too",
    "# Tags\n\n```\n<think>\nLet me see.\n</think>\n```\n\nThat is what a model writes.",
    "# Tags\n\n~~~xml\n</think>\n~~~\n\nThat is what a model writes.",
    "# Tags\n\n1. Look:\n\n   ```text\n   <think>\n   ```\n\nThat is it.",
    "# Tags\n\n    <think>\n    Let me see.\n    </think>\n\nThat is what a model writes.",
    "| tag | means |\n|---|---|\n| <think> | begins |\n| </think> | ends |",
    "The talk was about the [THINK] campaign.",
    "[Think] was what the speaker said.\n\n[thinking]",
    "I think, therefore I am. <thinker> </thinker>",
    "<think-cell> is an add-in.",
    "Thinking is hard. a < think and think > b",
    "The format is `<|channel|>analysis<|message|>…<|channel|>final<|message|>…`.",
    "```\n<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b\n```\nas shown",
    "analysis of the budget: it was the assistant's final word.",
    "analysis\n\nThe assistantfinal marker is a leak.",
    "Analysis: done. <details>\n<summary>More</summary>\nText\n</details>",
    "<details type='open'>Text</details>",
    "<answer>42</answer>",
    "Thoughts</b>",
    "[THINK] Campaign of May\n\nIt was launched.",
    "analysis*: see below.",
    "> <think>\n> Let me see.\n> </think>\n\nThat is what it wrote.",
    "1. <think>\n2. <answer>\n\nThose are the tags.",
    "1. <think>Begins the thoughts.\n2. <answer>Begins the answer.",
    "Tags: <think>\n\nThe rest of the answer follows.",
    "It has two tags. <think> Opens the thoughts.\n\n<think> So it does.",
    "# Tags\n\n## <think>\n\nOpens the thoughts.\n\n## <answer>\n\nOpens the answer.",
    "<Thoughts on the launch>\n\n- It is in May.",
    "- Call Ann\n- <s>Book the room</s>",
    "- <s>Book the room</s>\n- Call Ann\n- <s>Ship it</s>",
    "<s>Old plan</s> New plan",
    "<s>Old plan</s> New plan, then <s>older</s>",
]


@pytest.mark.parametrize("answer", ABOUT)
def test_an_answer_about_such_marks_stays(answer: str) -> None:
    assert without_thoughts(answer, "Sum up the talk.") == answer


QUOTED: list[str] = [
    "# What the model wrote\n\n<think>\nLet me see.\n</think>\n\nThen it answered.",
    "It began its reply so:\n\n<think>\nLet me see.",
    "It wrote this and then answered:\n\nLet me see.\n</think>\n\nFine.",
    "It wrote <|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>Yes. That was all.",
]


@pytest.mark.parametrize("answer", QUOTED)
def test_what_the_input_says_may_be_quoted(answer: str) -> None:
    given = "The log: <think>Let me see.</think> <|channel|>analysis<|message|>Hm."
    assert without_thoughts(answer, given) == answer
    assert without_thoughts(answer, "Sum up.") != answer


def test_a_thinking_model_s_own_thoughts_go_also_where_the_input_is_about_them() -> None:
    given = "The log: <think>Let me see.</think>"
    assert without_thoughts(f"<think>\nIt is about <think>.\n</think>\n\n{ANSWER}", given).strip() == ANSWER


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (f"Okay, the user wants it summed up.\n</think>\n\n{ANSWER}", ANSWER),
        (f"Sure.\n\n<think>\nThe user wants it.\n</think>\n\n{ANSWER}", f"Sure.\n\n\n\n{ANSWER}"),
        ("<think>Okay, the user wants", ""),
        ("Sure.\n<think>\nOkay, the user wants", ""),
    ],
)
def test_an_input_that_names_the_marks_quotes_no_thoughts(answer: str, left: str) -> None:
    given = "The model writes `<think>` and `</think>`. The launch is in May."
    assert without_thoughts(answer, given).strip() == left


def test_what_an_input_that_names_the_marks_says_of_them_stays() -> None:
    given = "The model writes `<think>` and `</think>`."
    for answer in ("# Tags\n\n<think>Opens the thoughts.", "# Tags\n\nIt ends them:</think>\n\nSo."):
        assert without_thoughts(answer, given) == answer


@pytest.mark.parametrize("word", ["analysisResult", "commentaryTrack"])
def test_a_word_of_the_input_is_no_channel(word: str) -> None:
    answer = f"{word} holds the sum."
    assert without_thoughts(answer, f"The sum is in `{word}`.") == answer
    assert without_thoughts(answer, "Sum up.") == ""


@pytest.mark.parametrize("code", ["`<|channel|>`", "`<|end|>`", "`<|start|>` and `<|return|>`"])
def test_marks_of_channels_in_the_answer_s_code_stay(code: str) -> None:
    answer = f"It writes {code} there.\n\n{ANSWER}"
    channels = (
        f"<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>{answer}"
    )
    assert without_thoughts(channels, "") == answer


def test_what_the_task_asks_for_is_no_thought() -> None:
    task = "Write your reasoning in <reasoning> tags, then the sum."
    answer = f"<reasoning>\nTwo and two.\n</reasoning>\n\n{ANSWER}"
    assert without_thoughts(answer, task, task) == answer
    assert without_thoughts(f"<think>Hm.</think>{answer}", task, task) == answer
    assert without_thoughts(answer, task).strip() == ANSWER


@pytest.mark.parametrize("name", ["analysis", "reflection"])
def test_an_element_that_the_task_names_in_words_is_no_thought(name: str) -> None:
    task = f"Answer in XML with two elements, {name.title()} and decision."
    answer = f"<{name}>Costs rose.</{name}>\n<decision>Wait.</decision>"
    assert without_thoughts(answer, task, task) == answer
    assert without_thoughts(answer, "Sum up.", "Sum up.").strip() == "<decision>Wait.</decision>"


@pytest.mark.parametrize(
    "task",
    ["Do not write `<think>` tags.", "Sum up, but don't use <think> or </think>.", "Without <think>."],
)
def test_a_task_that_forbids_thoughts_asks_for_none(task: str) -> None:
    assert without_thoughts(f"<think>\nLet me see.\n</think>\n\n{ANSWER}", task, task).strip() == ANSWER


def test_a_task_may_forbid_one_thing_and_ask_for_thoughts() -> None:
    answer = f"<think>\nLet me see.\n</think>\n\n{ANSWER}"
    for task in ("No headings. Begin with <think>.", "Add no headings and begin with <think>."):
        assert without_thoughts(answer, task, task) == answer


@pytest.mark.parametrize(
    "unit", ["<think>", "</think>", "```\n", "`<think>\n", "<think>\n</think>\n", "<|channel|>", "<s>"]
)
def test_whatever_comes_it_takes_no_time(unit: str) -> None:
    without_thoughts(unit * (400_000 // len(unit)), "")
