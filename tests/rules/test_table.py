"""Tables for terminals and documents."""

from agent.rules.table import columns, display_width, markdown, wrapped


def test_chinese_characters_take_two_cells_and_combining_marks_none() -> None:
    assert display_width("温度 97 °C") == 10
    assert display_width("e\u0301") == 1


def test_columns_line_up_under_chinese_text() -> None:
    assert columns(["条款", "rule"], [["4.1.a.1", "cpu-hot"], ["网络", "磁盘"]], 80) == (
        "条款     rule\n───────  ───────\n4.1.a.1  cpu-hot\n网络     磁盘\n"
    )


def test_the_widest_column_gives_way_until_the_table_fits() -> None:
    assert columns(["a", "text"], [["1", "one two three"]], 11) == ("a  text\n─  ────────\n1  one two\n   three\n")


def test_wrapping_breaks_between_chinese_characters_but_not_before_their_punctuation() -> None:
    assert wrapped("电脑硬件没有异响，没有过热", 16) == ["电脑硬件没有异", "响，没有过热"]


def test_a_long_name_breaks_after_its_underscores_and_hyphens() -> None:
    assert wrapped("fan_speed_rpm", 10) == ["fan_speed_", "rpm"]
    assert wrapped("cpu-overheating", 12) == ["cpu-", "overheating"]


def test_an_overlong_word_is_cut() -> None:
    assert wrapped("temperature", 8) == ["temperat", "ure"]


def test_markdown_escapes_bars_and_line_breaks() -> None:
    assert markdown(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y<br>z |\n"
