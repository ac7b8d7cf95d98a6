"""The invented city 澄岚 (Chenglan): its areas and its venues, as plain data.

No place, venue or person of it is real. Its positions lie in the open ocean, so that no map shows a real
house where the demo puts a hazard.
"""

from __future__ import annotations

from dataclasses import dataclass

SOUTH_WEST = (24.5, 129.5)
GRID_SIZE = (0.03, 0.04)
"""WGS-84 degrees: where the invented city begins, and the height and width of one grid."""
COLUMNS = 5


@dataclass(frozen=True, slots=True)
class DemoArea:
    """One area: the whole city, a district, a street, or a grid, which is what a warden works."""

    code: str
    name: str
    name_en: str
    level: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class DemoVenue:
    """One venue. `staffed`: it has a manager and a patrol officer besides its responsible person."""

    grid: str
    class_code: str
    name: str
    name_en: str
    address: str
    staffed: bool
    way_out: str


CITY = "chenglan"

AREAS = (
    DemoArea(CITY, "澄岚市", "Chenglan", "city", None),
    DemoArea("chengyang", "澄阳区", "Chengyang District", "district", CITY),
    DemoArea("wanglan", "望岚区", "Wanglan District", "district", CITY),
    DemoArea("guanglong-st", "广龙街道", "Guanglong Street", "street", "chengyang"),
    DemoArea("laojie-st", "老街街道", "Old Street", "street", "chengyang"),
    DemoArea("fuhu-st", "抚湖街道", "Fuhu Street", "street", "chengyang"),
    DemoArea("gongyuan-st", "工园街道", "Industry Park Street", "street", "wanglan"),
    DemoArea("guolin-st", "果林街道", "Orchard Street", "street", "wanglan"),
    DemoArea("guanglong", "广龙片区", "Guanglong grid", "grid", "guanglong-st"),
    DemoArea("huanbei", "环北片区", "North Ring grid", "grid", "guanglong-st"),
    DemoArea("laojie", "老街片区", "Old Street grid", "grid", "laojie-st"),
    DemoArea("shuyuan", "书院片区", "Academy grid", "grid", "laojie-st"),
    DemoArea("fuhu", "抚湖片区", "Fuhu grid", "grid", "fuhu-st"),
    DemoArea("yugang", "渔港片区", "Fishing Port grid", "grid", "fuhu-st"),
    DemoArea("gongyuan-e", "工园东片区", "Industry Park East grid", "grid", "gongyuan-st"),
    DemoArea("gongyuan-w", "工园西片区", "Industry Park West grid", "grid", "gongyuan-st"),
    DemoArea("guolin", "果林片区", "Orchard grid", "grid", "guolin-st"),
    DemoArea("yuntai", "云台片区", "Yuntai grid", "grid", "guolin-st"),
)
GRIDS = tuple(area.code for area in AREAS if area.level == "grid")

SEED_VENUE = "宽澄·鼎元一期南"
SMALL_PLACE = "小镇便民超市"
"""The seed venue's responsible person runs it too: who signs in as them sees what a small place sees."""

_STAIRS = "2 层及以上：走廊两端楼梯均可下楼，不乘电梯；集合点在北门外空地。"
_GROUND = "从正门或后门直接出到街面；后门钥匙挂在门旁。"
_HALL = "按地面绿色箭头走向最近的安全出口；集合点在门前广场。"
_TOWER = "从防烟楼梯间下楼，随手关防火门；不乘电梯；集合点在小区中心花园。"
_WORKS = "停机断电后从最近的厂房门出；集合点在厂区大门内侧。"
_CARE = "听从值班护理员安排，先出失能老人；走两侧坡道；集合点在院子中央。"
_CLASS = "按班级排队从就近楼梯下楼，低头弯腰；集合点在操场。"

# (class, name, English name, address, staffed, way out), six to a grid.
_VENUES: dict[str, tuple[tuple[str, str, str, str, bool, str], ...]] = {
    "guanglong": (
        ("V09", SEED_VENUE, "Kuancheng Dingyuan South, Phase 1", "环城北路南侧鼎元一期南楼", True, _STAIRS),
        ("V09", "广龙小镇云上民宿", "Cloud Homestay", "广龙小镇 12 栋", False, _STAIRS),
        ("V10", "阿木湖鱼庄", "Amu's Lake Fish", "广龙小镇 3 栋 1 层", False, _GROUND),
        ("V06", "小镇便民超市", "Town Corner Shop", "广龙小镇 5 栋商铺 8 号", False, _GROUND),
        ("V05", "星澄量贩歌厅", "Star Karaoke", "广龙大道 66 号 2 层", True, _STAIRS),
        ("V03", "广龙水岸小区", "Guanglong Waterside Estate", "广龙大道 88 号", True, _TOWER),
    ),
    "huanbei": (
        ("V04", "环北国际大厦", "North Ring Tower", "环城北路 1 号", True, _TOWER),
        ("V03", "鼎元二期小区", "Dingyuan Estate, Phase 2", "环城北路 19 号", True, _TOWER),
        ("V02", "环北青年公寓", "North Ring Young Flats", "环北二巷 7 号", False, _STAIRS),
        ("V06", "环北五金店", "North Ring Hardware", "环北二巷 2 号", False, _GROUND),
        ("V10", "老灶火锅城", "Old Stove Hotpot", "环城北路 27 号 1–2 层", False, _STAIRS),
        ("V12", "环北第一幼儿园", "North Ring Kindergarten", "环北三巷 1 号", True, _CLASS),
    ),
    "laojie": (
        ("V11", "老街农贸市场", "Old Street Market", "老街 1 号", True, _HALL),
        ("V06", "老街布艺行", "Old Street Fabrics", "老街 32 号", False, _GROUND),
        ("V06", "顺手修车铺", "Handy Bike Repairs", "老街 41 号", False, _GROUND),
        ("V10", "二婶米线馆", "Auntie's Rice Noodles", "老街 17 号", False, _GROUND),
        ("V07", "老街独居老人照料点", "Old Street Care Point", "老街后巷 5 号", False, _CARE),
        ("V02", "老街合租楼", "Old Street Shared House", "老街后巷 11 号", False, _STAIRS),
    ),
    "shuyuan": (
        ("V12", "书院路小学", "Academy Road Primary School", "书院路 20 号", True, _CLASS),
        ("V12", "澄岚第三中学", "Chenglan No. 3 Middle School", "书院路 60 号", True, _CLASS),
        ("V06", "书院文具店", "Academy Stationery", "书院路 22 号", False, _GROUND),
        ("V13", "书院社区卫生服务站", "Academy Health Station", "书院路 45 号", False, _GROUND),
        ("V05", "方格桌游馆", "Square Board Games", "书院路 51 号 3 层", False, _STAIRS),
        ("V03", "书香苑小区", "Scholars' Court Estate", "书院路 70 号", True, _TOWER),
    ),
    "fuhu": (
        ("V09", "抚湖观澜酒店", "Fuhu Lakeview Hotel", "抚湖南岸 9 号", True, _STAIRS),
        ("V09", "抚湖青年旅舍", "Fuhu Youth Hostel", "抚湖南岸 31 号", False, _STAIRS),
        ("V10", "湖畔烧烤园", "Lakeside Barbecue", "抚湖南岸 12 号", False, _GROUND),
        ("V05", "抚湖温泉浴场", "Fuhu Hot Springs", "抚湖东路 3 号", True, _STAIRS),
        ("V11", "抚湖购物中心", "Fuhu Shopping Centre", "抚湖东路 18 号", True, _HALL),
        ("V06", "湖畔渔具店", "Lakeside Tackle", "抚湖南岸 14 号", False, _GROUND),
    ),
    "yugang": (
        ("V14", "渔港冷链仓库", "Port Cold Store", "渔港路 2 号", True, _WORKS),
        ("V01", "渔港制冰厂", "Port Ice Works", "渔港路 6 号", True, _WORKS),
        ("V11", "渔港海鲜批发市场", "Port Seafood Market", "渔港路 10 号", True, _HALL),
        ("V10", "渔港大排档", "Port Food Stalls", "渔港路 15 号", False, _GROUND),
        ("V07", "渔港残疾人托养点", "Port Day Care", "渔港后街 3 号", False, _CARE),
        ("V02", "渔港船员公寓", "Port Crew Flats", "渔港后街 8 号", False, _STAIRS),
    ),
    "gongyuan-e": (
        ("V01", "澄岚家具厂", "Chenglan Furniture Works", "工园东路 1 号", True, _WORKS),
        ("V01", "东启电子厂", "Dongqi Electronics", "工园东路 9 号", True, _WORKS),
        ("V01", "彩云印刷厂", "Rainbow Printers", "工园东路 16 号", False, _WORKS),
        ("V14", "通达物流园", "Tongda Logistics Park", "工园东路 30 号", True, _WORKS),
        ("V02", "工园东员工宿舍", "Park East Dormitory", "工园东二路 4 号", False, _STAIRS),
        ("V10", "工园食堂", "Park Canteen", "工园东二路 6 号", False, _GROUND),
    ),
    "gongyuan-w": (
        ("V01", "西林塑料制品厂", "Xilin Plastics", "工园西路 5 号", True, _WORKS),
        ("V01", "恒岚服装厂", "Henglan Garments", "工园西路 11 号", False, _WORKS),
        ("V14", "西货快递分拨站", "West Parcel Depot", "工园西路 20 号", False, _WORKS),
        ("V14", "恒温药品库", "Pharmacy Warehouse", "工园西路 26 号", True, _WORKS),
        ("V06", "工园劳保店", "Park Workwear Shop", "工园西路 2 号", False, _GROUND),
        ("V04", "工园创业大厦", "Park Start-up Tower", "工园西路 1 号", True, _TOWER),
    ),
    "guolin": (
        ("V08", "果林颐养院", "Orchard Elderly Home", "果林路 8 号", True, _CARE),
        ("V08", "夕照养老公寓", "Sunset Residence", "果林路 36 号", True, _CARE),
        ("V13", "果林镇中心医院", "Orchard Hospital", "果林路 50 号", True, _STAIRS),
        ("V06", "果林农资店", "Orchard Farm Supplies", "果林路 13 号", False, _GROUND),
        ("V10", "果林农家乐", "Orchard Farmhouse", "果林村 7 号", False, _GROUND),
        ("V12", "果林中心小学", "Orchard Primary School", "果林路 42 号", True, _CLASS),
    ),
    "yuntai": (
        ("V09", "云台山居民宿", "Yuntai Hill Homestay", "云台村 3 号", False, _STAIRS),
        ("V09", "云台驿站旅馆", "Yuntai Inn", "云台村 18 号", False, _STAIRS),
        ("V03", "云台花园小区", "Yuntai Garden Estate", "云台大道 40 号", True, _TOWER),
        ("V04", "云台广电大厦", "Yuntai Broadcasting Tower", "云台大道 2 号", True, _TOWER),
        ("V13", "云台口腔诊所", "Yuntai Dental Clinic", "云台大道 21 号", False, _GROUND),
        ("V11", "云台家居商场", "Yuntai Home Store", "云台大道 60 号", True, _HALL),
    ),
}

VENUES = tuple(
    DemoVenue(grid, class_code, name, name_en, f"澄岚市{address}", staffed, way_out)
    for grid, rows in _VENUES.items()
    for class_code, name, name_en, address, staffed, way_out in rows
)


def position(venue: DemoVenue) -> tuple[float, float]:
    """Return the invented latitude and longitude of a venue (WGS-84 degrees), inside its grid."""
    row, column = divmod(GRIDS.index(venue.grid), COLUMNS)
    place = [other.name for other in VENUES if other.grid == venue.grid].index(venue.name)
    north, east = divmod(place, 3)
    lat = SOUTH_WEST[0] + GRID_SIZE[0] * (row + 0.28 + 0.4 * north + 0.03 * east)
    lon = SOUTH_WEST[1] + GRID_SIZE[1] * (column + 0.2 + 0.3 * east + 0.04 * north)
    return round(lat, 6), round(lon, 6)
