"""The catalogue is complete, and a sentence says itself in both languages."""

import pickle

import pytest
from jinja2 import Environment

from api import translations
from domain import language
from domain.language import Label, Sentence, UnknownLocale, gettext_for, translate


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = {
        (None, "%(who)s has %(what)s"): "%(who)s有%(what)s",
        (None, "a leak"): "漏点",
        (None, "%(num)s photo"): "%(num)s 张照片",
        ("door", "Open"): "打开",
        (None, "Open"): "未结",
    }
    monkeypatch.setattr(language, "_chinese", lambda: chinese)


@pytest.mark.usefixtures("catalogue")
def test_sentence_translates_its_params_with_itself() -> None:
    sentence = Sentence("%(who)s has %(what)s", who=Label(zh="仓库", en="The warehouse"), what=Sentence("a leak"))

    assert sentence.in_language("zh_CN") == "仓库有漏点"
    assert str(sentence) == "The warehouse has a leak"


def test_sentence_without_chinese_is_said_in_english() -> None:
    assert Sentence("no such entry at all").in_language("zh_CN") == "no such entry at all"


def test_sentence_without_params_may_contain_a_percent_sign() -> None:
    assert str(Sentence("100 % full")) == "100 % full"


def test_sentence_may_have_a_param_named_text() -> None:
    assert str(Sentence("%(text)s!", text="so")) == "so!"


def test_sentences_are_equal_and_hash_by_text_and_params() -> None:
    assert len({Sentence("a", x=1, y=2), Sentence("a", y=2, x=1), Sentence("a", x=1)}) == 2


def test_sentence_survives_pickling() -> None:
    sentence = Sentence("%(n)s left", n=3)

    assert pickle.loads(pickle.dumps(sentence)) == sentence  # noqa: S301 - our own bytes


def test_unknown_locale_is_refused() -> None:
    with pytest.raises(UnknownLocale):
        translate("a", "de")
    with pytest.raises(UnknownLocale):
        Label(zh="甲", en="A").in_language("zh")
    with pytest.raises(UnknownLocale):
        gettext_for("EN")


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("locale", "said"),
    [("zh_CN", "漏点 未结 打开 1 张照片 2 张照片"), ("en", "a leak Open Open 1 photo 2 photos")],
)
def test_gettext_for_serves_jinja(locale: str, said: str) -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.install_gettext_translations(gettext_for(locale), newstyle=True)  # type: ignore[attr-defined]
    template = (
        "{{ _('a leak') }} {{ _('Open') }} {{ pgettext('door', 'Open') }}"
        "{% for n in (1, 2) %} {{ ngettext('%(num)s photo', '%(num)s photos', n) }}{% endfor %}"
    )

    assert environment.from_string(template).render() == said


def test_every_source_string_has_its_chinese() -> None:
    found = list(translations.source_strings())

    assert translations.faults(language.read_catalogue(), found) == []
