"""Applications of the demo city: one that waits, one that lies with its applicant, one that was enrolled already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.demo import roster
from domain.demo.stage import Stage, Story

Moments = Iterator[datetime]


def milk_tea(stage: Stage) -> Moments:
    """Wait for a reviewer; the address is that of a venue, so that there is something to compare."""
    yield stage.minutes_ago(190)
    stage.apply(
        "老街奶茶铺",
        "老街 17 号",
        class_code="V10",
        industry="catering",
        area="laojie",
        hours="每天 10:00-22:30",
        area_m2=36,
        seats=12,
        person="苗小禾",
        phone="13900000131",
        remark="原米线馆转租一半店面，两家各用各的门。",
    )


def guest_house(stage: Stage) -> Moments:
    """Lie with the applicant, who has to send a legible licence."""
    yield stage.days_ago(3, "10:20")
    case = stage.apply(
        "环北晚风民宿",
        "环城北路 35 号",
        by="handler",
        class_code="V09",
        industry="hotel",
        area="huanbei",
        hours="每天 24 小时",
        rooms=8,
        beds=14,
        storeys=3,
        person="闵晚风",
        phone="13900000132",
    )
    yield stage.days_ago(2, "15:05")
    stage.step(case, "start_review", by="supervisor")
    yield stage.days_ago(2, "15:20")
    stage.step(
        case,
        "return_to_applicant",
        by="supervisor",
        text="营业执照照片看不清，请重新上传；并补充门牌号。",
        hint_documents="请重拍营业执照，四角完整。",
        hint_where="请写明楼栋和门牌号。",
    )


def fish_restaurant(stage: Stage) -> Moments:
    """Be told that the place has its code already."""
    yield stage.days_ago(5, "09:40")
    case = stage.apply(
        "阿木湖鱼庄（广龙店）",
        "广龙小镇 3 栋 1 层",
        class_code="V10",
        area="guanglong",
        person="木阿水",
        phone="13900000133",
    )
    yield stage.days_ago(5, "11:00")
    stage.step(case, "start_review", by="handler")
    yield stage.days_ago(5, "11:10")
    stage.step(
        case,
        "reject",
        by="handler",
        reason="already_enrolled",
        duplicate_of=roster.venue_code("阿木湖鱼庄"),
        explanation="该店已有场所码，门口标牌损坏可联系片区专管员补发。",
    )


APPLICATIONS: tuple[Story, ...] = (milk_tea, guest_house, fish_restaurant)
