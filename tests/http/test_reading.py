"""The reader's language and text size, and what is sent how: compressed, kept, or not."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from api.middleware.preferences import accepted
from api.rendering import STATIC, environment, in_words, length_in_words, local_time
from api.static_files import FOREVER, NoSuchFile, StaticFiles
from domain.language import Label, Sentence


@pytest.fixture(params=["sqlite"])
def database_url(sqlite_url):
    """Nothing here depends on the kind of database; one is enough."""
    return sqlite_url


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"), ("en-GB,en;q=0.9", "en"), ("fr,en;q=0.5,zh;q=0.7", "zh_CN"),
        ("en;q=0,zh", "zh_CN"), ("de,fr", None), ("", None), ("en;q=x", None), (";;;,,,", None), ("ZH-hant", "zh_CN"),
    ],
)  # fmt: skip
def test_browser_asks_for_a_language(header, locale):
    assert accepted(header) == locale


def title(client, query="", **headers):
    return client.get(f"/api/v1/nothing{query}", headers=headers).json()["title"]


def test_language_is_chosen_by_address_then_cookie_then_browser_then_setting(anybody):
    english, chinese = "There is no such page", "没有这个页面"
    assert title(anybody) == chinese, "the deployment's own"
    assert title(anybody, **{"accept-language": "en"}) == english
    assert title(anybody, "?lang=zh_CN", **{"accept-language": "en"}) == chinese
    assert title(anybody, **{"accept-language": "en"}) == chinese, "the choice is remembered"
    assert title(anybody, "?lang=en") == english
    assert title(anybody) == english
    assert title(anybody, "?lang=fr") == english, "a language there is none of changes nothing"


@pytest.mark.parametrize(
    "query", ["?lang=en%0d%0aSet-Cookie:x=1", "?lang=" + "e" * 9000, "?size=huge", "?lang[]=en", "?lang=%00"]
)
def test_only_known_choices_become_cookies(anybody, query):
    answer = anybody.get(f"/api/v1/nothing{query}")
    assert "set-cookie" not in answer.headers
    assert answer.status_code == 404


@pytest.mark.parametrize("cookie", ["lang=en; lang=zh_CN; =;;;", 'lang="', "lang=\x7f", "size=large; lang=xx"])
def test_broken_cookies_do_no_harm(anybody, cookie):
    assert anybody.get("/api/v1/nothing", headers={"cookie": cookie}).status_code == 404


def test_large_text_is_remembered(anybody, world):
    url = f"/v/{world.codes['kuancheng']}"
    assert 'class="large"' not in anybody.get(url).text
    assert 'class="large"' in anybody.get(f"{url}?size=large").text
    assert 'class="large"' in anybody.get(url).text
    assert 'class="large"' not in anybody.get(f"{url}?size=normal").text


def test_pages_are_compressed_for_who_can_read_it(anybody, world):
    url = f"/v/{world.codes['kuancheng']}"
    plain = anybody.get(url, headers={"accept-encoding": "identity"})
    with anybody.stream("GET", url, headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert "content-encoding" not in plain.headers
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content
    small = anybody.get("/healthz", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers


def test_static_file_is_kept_for_ever_under_its_hash_only(anybody):
    url = STATIC.url("public.css")
    right = anybody.get(url, headers={"accept-encoding": "gzip"})
    assert (right.status_code, right.headers["cache-control"]) == (200, FOREVER)
    assert (right.headers["content-type"], right.headers["content-encoding"]) == ("text/css; charset=utf-8", "gzip")
    stale = anybody.get("/static/0000000000/public.css")
    bare = anybody.get("/static/public.css")
    assert {stale.headers["cache-control"], bare.headers["cache-control"]} == {"no-cache"}
    assert stale.content == bare.content == right.content
    again = anybody.get(url, headers={"if-none-match": right.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert anybody.post(url).status_code == 405
    assert anybody.head(url).content == b""


@pytest.mark.parametrize(
    "path", ["/static/", "/static/x/../../app.py", "/static/%2e%2e/app.py", "/static/x/none.css", "/static//etc/passwd"]
)
def test_nothing_else_is_served_as_a_file(anybody, path):
    assert anybody.get(path).status_code == 404


def test_template_cannot_name_a_file_there_is_none_of(tmp_path):
    (tmp_path / "a.css").write_text("a{}")
    files = StaticFiles(tmp_path)
    assert files.url("a.css").endswith("/a.css")
    with pytest.raises(NoSuchFile):
        files.url("b.css")


def test_template_cannot_use_a_name_nobody_gave():
    with pytest.raises(Exception, match="nobody_gave_this"):
        environment("en").from_string("{{ nobody_gave_this }}").render()


def test_text_is_escaped_in_every_template():
    html = environment("en").from_string("{{ words }}").render(words="<script>&")
    assert html == "&lt;script&gt;&amp;"


def test_times_are_the_citys():
    assert local_time(datetime(2026, 8, 23, 5, 58, tzinfo=UTC)) == "2026-08-23 13:58"
    assert local_time(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "2027-01-01 00:00"
    assert local_time(None) == ""


@pytest.mark.parametrize(
    ("length", "english", "chinese"),
    [
        (timedelta(seconds=59), "less than a minute", "不到一分钟"),
        (timedelta(minutes=1), "1 minute", "1 分钟"),
        (timedelta(hours=25, minutes=5), "1 day 1 hour", "1 天 1 小时"),
        (timedelta(minutes=-90), "1 hour 30 minutes", "1 小时 30 分钟"),
        (timedelta(days=3), "3 days", "3 天"),
    ],
)  # fmt: skip
def test_lengths_are_said_in_their_largest_units(length, english, chinese):
    assert length_in_words(length, "en") == english
    assert length_in_words(length, "zh_CN") == chinese


def test_everything_with_words_is_put_into_words():
    assert in_words(Label("受理", "Accept"), "zh_CN") == "受理"
    assert in_words(Sentence("Nothing was saved."), "zh_CN") == "没有保存任何内容。"
    assert in_words("Nothing was saved.", "zh_CN") == "没有保存任何内容。"
    assert in_words(None, "en") == ""


@pytest.mark.parametrize(
    ("template", "chinese", "english"),
    [
        ('{{ _("Nothing was saved.") }}', "没有保存任何内容。", "Nothing was saved."),
        ("{{ gettext('Nothing was saved.') | upper }}", "没有保存任何内容。", "NOTHING WAS SAVED."),
        ('{% if _("Not permitted") %}{{ "_" ~ _("Not permitted") }}{% endif %}', "_没有权限", "_Not permitted"),
        ('{{ _("100%% <b>") }}', "100% &lt;b&gt;", "100% &lt;b&gt;"),
        ('{{ _("%(count)s days", count=n) }}', "3 天", "3 days"),
        ('{{ _(words) }} {{ _("Not " ~ "permitted") }}', "没有权限 没有权限", "Not permitted Not permitted"),
        ('{{ ngettext("%(num)s squid", "%(num)s squids", n) }}', "3 squids", "3 squids"),
        ("{{ (_) is callable }}", "True", "True"),
    ],
)
def test_words_are_the_same_folded_or_looked_up(template, chinese, english):
    for locale, wanted in (("zh_CN", chinese), ("en", english)):
        assert environment(locale).from_string(template).render(n=3, words="Not permitted") == wanted
