"""The extraction finds every marked string and never loses a translation."""

import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from api import translations
from api.translations import Found
from domain import language


def texts(found: list[Found]) -> list[str]:
    return [string.text for string in found]


def test_python_strings_are_found_in_nested_and_attribute_calls() -> None:
    source = """
raise Refused(Sentence("outer " "joined", inner=language.Sentence("inner")))
WORDS = [N_("later"), other("not this"), Sentence(variable)]
"""

    assert sorted(texts(list(translations.python_strings(source, file="a.py")))) == [
        "inner",
        "later",
        "outer joined",
    ]


def test_template_strings_are_found_with_plural_and_context() -> None:
    source = b"""{{ _("Plain") }} {{ pgettext("door", "Open") }} {{ ngettext("%(num)s a", "%(num)s as", n) }}"""

    found = list(translations.template_strings(source, file="a.html"))

    assert Found("Plain", "a.html") in found
    assert Found("Open", "a.html", context="door") in found
    assert Found("%(num)s a", "a.html", plural="%(num)s as") in found


def test_trans_block_is_extracted_as_jinja_looks_it_up() -> None:
    source = b"{% trans name=who %}\n  Dear\n  {{ name }}\n{% endtrans %}"

    assert texts(list(translations.template_strings(source, file="a.html"))) == ["Dear %(name)s"]


def test_merge_keeps_chinese_and_brings_obsolete_strings_back() -> None:
    catalogue = Catalog(locale="zh_CN")
    catalogue.add("Stays", "留下")
    catalogue.add("Goes", "离开")

    without = translations.merged(catalogue, [Found("Stays", "a.py"), Found("New", "a.py")])
    again = translations.merged(reread(without), [Found("Goes", "a.py")])

    assert [(message.id, message.string) for message in without if message.id] == [
        ("Stays", "留下"),
        ("New", ""),
    ]
    assert [(message.id, message.string) for message in again if message.id] == [("Goes", "离开")]


def test_merge_keeps_plural_and_context_apart() -> None:
    catalogue = Catalog(locale="zh_CN")
    catalogue.add("Open", "打开", context="door")
    catalogue.add("Open", "未结")
    catalogue.add(("%(n)s a", "%(n)s as"), ("%(n)s 个",))
    found = [Found("Open", "t"), Found("Open", "t", context="door"), Found("%(n)s a", "t", plural="%(n)s as")]

    result = reread(translations.merged(catalogue, found))

    assert translations.faults(result, found) == []
    assert result.get("Open", context="door").string == "打开"
    assert result.get("Open").string == "未结"


@pytest.mark.parametrize(
    ("source", "chinese", "fault"),
    [
        ("New", "", "untranslated"),
        ("For %(who)s", "给", "place lost"),
        ("For you", "给%(who)s", "unknown place"),
    ],
)
def test_faults_name_what_is_wrong(source: str, chinese: str, fault: str) -> None:
    catalogue = Catalog(locale="zh_CN")
    catalogue.add(source, chinese)

    (line,) = translations.faults(catalogue, [Found(source, "a.py")])

    assert line.startswith(fault)


def test_faults_name_obsolete_strings_active_and_retired() -> None:
    catalogue = Catalog(locale="zh_CN")
    catalogue.add("Unused", "不用")
    retired = translations.merged(catalogue, [])

    assert translations.faults(catalogue, []) == translations.faults(reread(retired), []) == ["obsolete: 'Unused'"]


def test_update_writes_new_strings_and_check_then_fails_until_translated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "zh_CN.po"
    file.write_bytes(translations.as_po(Catalog(locale="zh_CN")))
    monkeypatch.setattr(language, "CATALOGUE_FILE", file)
    monkeypatch.setattr(translations, "source_strings", lambda: iter([Found("Fresh", "a.py")]))

    updated, checked = translations.main([]), translations.main(["--check"])
    file.write_text(file.read_text("utf-8").replace('msgid "Fresh"\nmsgstr ""', 'msgid "Fresh"\nmsgstr "新"'), "utf-8")

    assert (updated, checked, translations.main(["--check"])) == (0, 1, 0)
    assert "untranslated: 'Fresh' (a.py)" in capsys.readouterr().out


def reread(catalogue: Catalog) -> Catalog:
    return read_po(io.BytesIO(translations.as_po(catalogue)), locale="zh_CN")
