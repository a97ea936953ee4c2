"""What the input says isn't taken for Markdown in the answer."""

import pytest

from pipeline.llm.engines.extractive.plain import plain


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)>"),
        ("\\<img src=x onerror=alert(1)>", "\\&lt;img src=x onerror=alert(1)>"),
        ("a </b> <!-- <?php <javascript:alert(1)>", "a &lt;/b> &lt;!-- &lt;?php &lt;javascript:alert(1)>"),
        ("[click](javascript:alert(1))", "[click]\\(javascript:alert(1))"),
        ("![x](http://tracker.example/)", "![x]\\(http://tracker.example/)"),
        ("[a [b](c)](d) \\](e)", "[a [b]\\(c)]\\(d) \\]\\(e)"),
        ("# Title", "\\# Title"),
        ("> said he", "\\> said he"),
        ("``` code", "\\``` code"),
        ("~~~", "\\~~~"),
        ("- item", "\\- item"),
        ("--- and then", "\\--- and then"),
        ("| a | b |", "\\| a | b |"),
        ("2 < 3, a<5, #5, -1, *so*, [x], (y)", "2 < 3, a<5, #5, -1, *so*, [x], (y)"),
    ],
)
def test_the_input_s_words_stay_words(text: str, markdown: str) -> None:
    assert plain(text) == markdown
