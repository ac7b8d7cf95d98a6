"""What kinds of errands there are: how people call each, and how many of it may run at once.

A new kind stands here and, with the function that does it, in `flows.errands`; either alone is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.language import Label


@dataclass(frozen=True, slots=True)
class ErrandKind:
    """One kind of errand."""

    label: Label
    is_long: bool = True
    """True: it may take many seconds, and never takes the hands that messages and sign-in codes need."""
    is_fleeting: bool = False
    """True: of no use a few minutes later, so nobody is asked to look after one that failed."""


KINDS: dict[str, ErrandKind] = {
    "check_table": ErrandKind(Label("检查导入表格", "Check a table")),
    "import_table": ErrandKind(Label("导入表格", "Import a table")),
    "export": ErrandKind(Label("导出表格", "Export a table")),
    "code_sheets": ErrandKind(Label("批量生成二维码", "Code sheets")),
    "rotate_keys": ErrandKind(Label("更换密钥", "Change the vault's keys")),
    "redact_reports": ErrandKind(Label("删除期满资料", "Remove what has served its time")),
    "recount_deadlines": ErrandKind(Label("重算期限", "Count deadlines anew")),
    "adopt_cases": ErrandKind(Label("升级后补记案件", "Take over cases of before an upgrade")),
    "sla_report": ErrandKind(Label("时限报表", "Report of deadlines")),
    "plan_patrols": ErrandKind(Label("排定巡查任务", "Plan the patrols of a day")),
    "plan_patrol_shard": ErrandKind(Label("排定部分片区的巡查任务", "Plan the patrols of some areas")),
    "publish_campaign": ErrandKind(Label("发布专项巡查", "Publish a special campaign")),
    "end_campaign": ErrandKind(Label("结束专项巡查", "End a special campaign")),
    "tell_patrols": ErrandKind(Label("巡查提醒与漏查通知", "Tell of patrols due and missed")),
    "patrol_message": ErrandKind(Label("发送巡查通知", "Send a message about patrols"), is_fleeting=True),
    "compare_report": ErrandKind(Label("核对时限报表", "Compare a report")),
    "report_message": ErrandKind(Label("发送报表通知", "Tell of a report"), is_long=False),
    "sign_in_code": ErrandKind(Label("发送登录验证码", "Send a sign-in code"), is_long=False, is_fleeting=True),
}
"""Kind → what is known of it."""


class UnknownKind(LookupError):
    """Nobody can do an errand of this kind."""


def kind_of(name: str) -> ErrandKind:
    """Return what is known of a kind; raises `UnknownKind`."""
    if name not in KINDS:
        raise UnknownKind(name)
    return KINDS[name]
