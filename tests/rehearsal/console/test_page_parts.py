"""Parts of the report's page."""

from rehearsal.console.page_parts import table

ROLE = "arn:aws:lambda:us-east-1:111111111111:function:shoppers-dev-rollout:1"


def test_an_arn_within_a_sentence_is_shown_by_its_name() -> None:
    shown = table([], [[f"promoted by {ROLE}, <b>"]])
    assert f'promoted by <span title="{ROLE}">shoppers-dev-rollout:1</span>, &lt;b&gt;</td>' in shown


def test_of_a_list_the_number_is_shown_and_each_item_when_it_is_opened() -> None:
    shown = table([], [[("s3:GetObject", "<b>"), ()]])
    assert "<summary>2</summary><code>s3:GetObject<br>&lt;b&gt;</code></details></td><td>0</td>" in shown


def test_yes_and_no_are_words() -> None:
    assert "<td>yes</td><td>no</td><td></td>" in table([], [[True, False, None]])
