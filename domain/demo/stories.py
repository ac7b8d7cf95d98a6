"""The demo's cases: what happened in Chenglan lately, in the words of those who were there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.demo.city import SEED_VENUE
from domain.demo.stage import Stage, Story

Moments = Iterator[datetime]


def smoke_detectors(stage: Stage) -> Moments:
    """End well, rectification included: the report by which everything began."""
    yield stage.days_ago(12, "13:58")
    report = stage.report(
        "楼层好多烟感报警不会亮,希望能看看是否会联动",
        venue=SEED_VENUE,
        hazard="equipment",
        phone="13900000101",
        name="路人甲",
        photos=("dark_detector",),
    )
    yield stage.days_ago(12, "15:20")
    stage.check(report, by="warden", venue=SEED_VENUE)
    yield stage.days_ago(12, "15:52")
    stage.step(
        report,
        "record_finding",
        by="warden",
        outcome="substantiated",
        hazards=["FAC-07"],
        photos=("dark_detector",),
        description="3、4 层走廊 12 只烟感指示灯不亮，其中 9 只加烟后不报警；控制器显示回路故障。",
    )
    yield stage.days_ago(12, "16:30")
    stage.step(
        report,
        "reply",
        by="handler",
        text="经现场核查，您反映的烟感故障属实，已责令该场所限期修复，修复后我们会再次告知您。",
    )
    yield stage.days_ago(12, "20:12")
    stage.step(report, "rate", by="reporter", rating=5, comment="处理很快")
    yield stage.days_ago(11, "09:40")
    (order,) = stage.rectifications(report)
    stage.step(
        order,
        "serve",
        by="inspector1",
        correct_by=stage.day(-4),
        order_number="澄消限字〔演示〕第 0001 号",
        served_to="消防安全管理人",
    )
    yield stage.days_ago(6, "11:15")
    stage.step(
        order,
        "submit",
        by="officer",
        description="已更换故障回路模块和 12 只探测器，逐只加烟测试正常。",
        photos=("lit_detector",),
    )
    yield stage.days_ago(5, "10:05")
    stage.step(
        order,
        "confirm",
        by="inspector2",
        description="抽测 6 只探测器，均正常报警并联动。",
        photos=("lit_detector",),
    )


def blocked_stairs(stage: Stage) -> Moments:
    """Leave the seed venue's own people a door to mend."""
    yield stage.days_ago(4, "22:30")
    report = stage.report(
        "二楼楼梯间堆满床垫和纸箱，只能侧身过", venue=SEED_VENUE, hazard="escape", photos=("blocked_corridor",)
    )
    yield stage.days_ago(4, "22:58")
    stage.check(report, by="warden", venue=SEED_VENUE)
    yield stage.days_ago(4, "23:15")
    stage.step(
        report,
        "record_finding",
        by="warden",
        outcome="substantiated",
        hazards=["EVA-02", "SEP-01"],
        corrected=["EVA-02"],
        photos=("blocked_corridor", "clear_corridor"),
        description="楼梯间堆放床垫 14 床，已当场清走；防火门闭门器损坏，不能自行关闭。",
    )
    yield stage.days_ago(3, "09:05")
    stage.step(report, "reply", by="handler", text="经核查属实，楼梯间已当场清空，损坏的防火门已责令限期修复。")
    yield stage.days_ago(3, "10:20")
    _, door = stage.rectifications(report)
    stage.step(door, "serve", by="inspector1", correct_by=stage.day(5), served_to="消防安全责任人")


def charging_on_the_stairs(stage: Stage) -> Moments:
    """Stop at the reply; the hazard was corrected on the spot."""
    yield stage.days_ago(3, "20:41")
    report = stage.report(
        "一楼门厅里停了两辆电瓶车，还在充电",
        venue="环北青年公寓",
        hazard="ebike",
        phone="13900000102",
        photos=("bicycle",),
    )
    yield stage.days_ago(3, "21:10")
    stage.check(report, by="warden-huanbei", venue="环北青年公寓")
    yield stage.days_ago(3, "21:25")
    stage.step(
        report,
        "record_finding",
        by="warden-huanbei",
        outcome="substantiated",
        hazards=["EVB-01"],
        corrected=["EVB-01"],
        photos=("bicycle", "clear_corridor"),
        description="门厅停放电动自行车 2 辆，飞线充电；已当场移出并断电。",
    )
    yield stage.days_ago(2, "08:50")
    stage.step(report, "reply", by="handler-2", text="经核查属实，车辆已当场移出门厅，已对房东进行教育。")


def market_aisle(stage: Stage) -> Moments:
    """Wait for the reply, with two orders to be served."""
    yield stage.days_ago(1, "17:05")
    report = stage.report(
        "市场东侧安全出口前摆满了货，灭火器也过期了",
        venue="老街农贸市场",
        hazard="escape",
        phone="13900000103",
    )
    yield stage.days_ago(1, "17:38")
    stage.check(report, by="warden-laojie", venue="老街农贸市场")
    yield stage.days_ago(1, "18:05")
    stage.step(
        report,
        "record_finding",
        by="warden-laojie",
        outcome="substantiated",
        hazards=["EVA-02", "FAC-05"],
        photos=("blocked_corridor",),
        description="东侧出口前堆货约 3 米，摊主称明早清；6 具灭火器超过有效期。",
    )


def fire_lane(stage: Stage) -> Moments:
    """Stand on site; a second report of the same was merged into this one."""
    yield stage.minutes_ago(100)
    report = stage.report(
        "消防车道被私家车占了一整排",
        venue="鼎元二期小区",
        hazard="fire_lane",
        phone="13900000104",
        photos=("blocked_lane",),
    )
    yield stage.minutes_ago(82)
    again = stage.report(
        "小区门口又堵住了，救护车都开不进来", venue="鼎元二期小区", hazard="other", phone="13900000105"
    )
    yield stage.minutes_ago(74)
    stage.step(again, "merge", by="handler", into=stage.number(report))
    yield stage.minutes_ago(40)
    stage.check(report, by="warden-huanbei", venue="鼎元二期小区")


def gas_bottles(stage: Stage) -> Moments:
    """Give the demo's own warden something to do."""
    yield stage.minutes_ago(35)
    stage.report("后厨过道放着四个液化气瓶，挨着灶台", venue="阿木湖鱼庄", hazard="fire_power_gas", phone="13900000106")


def declined(stage: Stage) -> Moments:
    """Come back to the desk: the warden is away."""
    yield stage.minutes_ago(170)
    report = stage.report(
        "Two smoke alarms in the corridor hang open, without batteries",
        venue="云台山居民宿",
        hazard="equipment",
        language="en",
    )
    yield stage.minutes_ago(150)
    stage.step(
        report,
        "decline",
        by="warden-yuntai",
        reason="今日在外地参加培训，无法到场。",
        who_instead="果林片区专管员",
    )


def telephone_call(stage: Stage) -> Moments:
    """Wait at the desk after a telephone call; no venue is known yet."""
    yield stage.minutes_ago(6)
    stage.report(
        "巷子里从二楼窗户拉电线下来给电动车充电",
        by="handler",
        channel="96119",
        hazard="ebike",
        place="环城北路 33 号旁巷子",
        phone="13900000107",
    )


def unclear(stage: Stage) -> Moments:
    """Wait at the desk because the reporter chose "other"."""
    yield stage.minutes_ago(14)
    stage.report("三楼施工围挡后面不知道能不能走人，看着不放心", venue="抚湖购物中心", hazard="other")


def noisy_square(stage: Stage) -> Moments:
    """Reject what is not a fire matter."""
    yield stage.days_ago(2, "10:12")
    report = stage.report("楼下跳舞的音响太吵了", venue="书香苑小区", hazard="other", phone="13900000108")
    yield stage.days_ago(2, "10:26")
    stage.step(
        report,
        "reject",
        by="handler",
        reason="not_fire",
        competent="属地派出所（110）",
        explanation="您反映的噪声问题不属于消防受理范围，请向属地派出所反映。",
    )


def smell_of_gas(stage: Stage) -> Moments:
    """Transfer to the authority that is competent."""
    yield stage.days_ago(2, "14:03")
    report = stage.report(
        "路边燃气井盖松动，走过能闻到味", hazard="other", place="果林路与果林东巷路口", phone="13900000109"
    )
    yield stage.days_ago(2, "14:12")
    stage.step(
        report,
        "transfer",
        by="handler-2",
        authority="澄岚市燃气管理站",
        contact="管理站值班室",
        explanation="已电话通知燃气管理站抢修人员到场处置。",
    )


def emergency_lights(stage: Stage) -> Moments:
    """Come back by an objection; a supervisor has to find somebody new."""
    yield stage.days_ago(6, "19:20")
    report = stage.report(
        "停电时浴区走廊一片漆黑，应急灯一个都没亮",
        venue="抚湖温泉浴场",
        hazard="equipment",
        phone="13900000110",
    )
    yield stage.days_ago(5, "10:00")
    stage.check(report, by="warden-fuhu", venue="抚湖温泉浴场")
    yield stage.days_ago(5, "10:30")
    stage.step(
        report,
        "record_finding",
        by="warden-fuhu",
        outcome="not_substantiated",
        description="按下试验按钮，1 层 8 只应急灯均点亮。",
        photos=("clear_corridor",),
    )
    yield stage.days_ago(5, "15:00")
    stage.step(report, "reply", by="handler", text="经现场测试，走廊应急照明工作正常，感谢您的关注。")
    yield stage.days_ago(1, "19:35")
    stage.step(report, "object", by="reporter", text="你们只看了一楼，我说的是二楼浴区，昨晚停电还是不亮。")


def locked_back_door(stage: Stage) -> Moments:
    """Miss the 24 hours of the law: nobody has gone there."""
    yield stage.minutes_ago(26 * 60)
    report = stage.report("养老院的后门锁死了，用链子缠着", venue="果林颐养院", hazard="escape", phone="13900000111")
    yield stage.minutes_ago(90)
    stage.step(report, "remind", by="supervisor-2", note="已超过 24 小时，请立即到场并回电。")


def changed_my_mind(stage: Stage) -> Moments:
    """Take the report back."""
    yield stage.days_ago(4, "12:10")
    report = stage.report("隔壁店好像在仓库里烧东西", venue="老街布艺行", hazard="other", phone="13900000112")
    yield stage.days_ago(4, "12:31")
    stage.step(report, "withdraw", by="reporter", reason="看清了，是在室外祭祖，已经结束。")


def plastics_works(stage: Stage) -> Moments:
    """Close by itself after seven days; one order waits for its re-check, one is overdue."""
    venue = "西林塑料制品厂"
    yield stage.days_ago(15, "08:30")
    report = stage.report("仓库货堆到顶，还从窗户拉电线出来", venue=venue, hazard="fire_power_gas", phone="13900000113")
    yield stage.days_ago(15, "11:00")
    stage.check(report, by="warden-gongyuan-w", venue=venue)
    yield stage.days_ago(15, "11:50")
    stage.step(
        report,
        "record_finding",
        by="warden-gongyuan-w",
        outcome="substantiated",
        hazards=["STO-01", "ELE-01"],
        photos=("blocked_corridor",),
        description="原料库堆垛贴顶、贴灯；临时线路未穿管约 20 米。",
    )
    yield stage.days_ago(15, "14:20")
    stage.step(report, "reply", by="handler", text="经核查属实，已对两处隐患分别责令限期整改。")
    yield stage.days_ago(14, "09:00")
    stacks, cables = stage.rectifications(report)
    stage.step(stacks, "serve", by="inspector1", correct_by=stage.day(-2), served_to="厂长")
    stage.step(cables, "serve", by="inspector1", correct_by=stage.day(1), served_to="厂长")
    yield stage.days_ago(1, "16:00")
    stage.step(
        cables,
        "submit",
        by="owner-42",
        description="线路已穿管固定，拆除临时插座 4 处。",
        photos=("clear_corridor",),
    )


def karaoke_windows(stage: Stage) -> Moments:
    """Go to the penalty procedure: the reporter was satisfied, but the venue corrected nothing."""
    venue = "星澄量贩歌厅"
    yield stage.days_ago(14, "21:15")
    report = stage.report("包厢窗户外面全是广告牌，封得死死的", venue=venue, hazard="escape", phone="13900000114")
    yield stage.days_ago(14, "21:50")
    stage.check(report, by="warden", venue=venue)
    yield stage.days_ago(14, "22:20")
    stage.step(
        report,
        "record_finding",
        by="warden",
        outcome="substantiated",
        hazards=["EVA-03"],
        no_photo_reason="夜间光线不足，拍摄不清",
        description="临街 11 个包厢窗外被整块广告牌遮挡，无法开启。",
    )
    yield stage.days_ago(13, "09:10")
    stage.step(report, "reply", by="handler-2", text="经核查属实，已责令拆除广告牌，逾期未改将依法处理。")
    yield stage.days_ago(13, "12:40")
    stage.step(report, "rate", by="reporter", rating=4)
    yield stage.days_ago(13, "15:00")
    (order,) = stage.rectifications(report)
    stage.step(order, "serve", by="inspector2", correct_by=stage.day(-7), served_to="消防安全管理人")
    yield stage.days_ago(5, "14:00")
    stage.step(
        order,
        "penalise",
        by="inspector2",
        reason="逾期未拆除影响逃生的广告牌。",
        file_number="澄消立字〔演示〕第 0007 号",
    )


def hydrant(stage: Stage) -> Moments:
    """Be checked again by two inspectors after an objection, and satisfy the reporter."""
    venue = "渔港海鲜批发市场"
    yield stage.days_ago(9, "07:45")
    report = stage.report("消火栓被水产箱挡得严严实实", venue=venue, hazard="equipment", phone="13900000115")
    yield stage.days_ago(9, "09:20")
    stage.check(report, by="warden-yugang", venue=venue)
    yield stage.days_ago(9, "09:40")
    stage.step(
        report,
        "record_finding",
        by="warden-yugang",
        outcome="not_substantiated",
        photos=("clear_corridor",),
        description="检查时北区消火栓前无堆物。",
    )
    yield stage.days_ago(8, "10:10")
    stage.step(report, "reply", by="handler", text="经现场核查，未发现消火栓被遮挡。")
    yield stage.days_ago(7, "08:05")
    stage.step(
        report,
        "object",
        by="reporter",
        text="是南区 3 号门那一个，你们看错地方了。",
        photos=("blocked_corridor",),
    )
    yield stage.days_ago(7, "09:00")
    stage.step(
        report,
        "assign",
        by="supervisor",
        assignee=stage.person_id("inspector1"),
        second=stage.person_id("inspector2"),
    )
    yield stage.days_ago(7, "10:30")
    stage.check(report, by="inspector1", venue=venue)
    yield stage.days_ago(7, "11:00")
    stage.step(
        report,
        "record_finding",
        by="inspector1",
        outcome="partly",
        hazards=["FAC-03"],
        corrected=["FAC-03"],
        photos=("blocked_corridor", "clear_corridor"),
        description="南区 3 号门消火栓前堆放水产箱，已当场清空并划线。",
    )
    yield stage.days_ago(7, "15:30")
    stage.step(report, "reply", by="handler", text="已对南区 3 号门重新核查，消火栓前的货箱已当场清走并划出禁放线。")
    yield stage.days_ago(6, "18:00")
    stage.step(report, "rate", by="reporter", rating=5)


STORIES: tuple[Story, ...] = (
    smoke_detectors,
    blocked_stairs,
    charging_on_the_stairs,
    market_aisle,
    fire_lane,
    gas_bottles,
    declined,
    telephone_call,
    unclear,
    noisy_square,
    smell_of_gas,
    emergency_lights,
    locked_back_door,
    changed_my_mind,
    plastics_works,
    karaoke_windows,
    hydrant,
)
