"""Words for what stands in the register's record: kinds of subjects, actions, fields."""

from __future__ import annotations

from collections.abc import Mapping

from domain.language import Label

KINDS: Mapping[str, Label] = {
    "account": Label("账号", "Account"),
    "area": Label("区域", "Area"),
    "building": Label("建筑", "Building"),
    "case": Label("案件", "Case"),
    "delegation": Label("代班", "Holiday cover"),
    "document": Label("文件", "Document"),
    "export": Label("导出", "Export"),
    "facility": Label("设施", "Facility"),
    "floor": Label("楼层", "Floor"),
    "import": Label("导入", "Import"),
    "key_part": Label("重点部位", "Key part"),
    "organisation": Label("单位", "Organisation"),
    "person": Label("人员", "Person"),
    "post": Label("任职", "Post"),
    "vault": Label("保险库", "Vault"),
    "venue": Label("场所", "Venue"),
}

ACTIONS: Mapping[str, Label] = {
    "add": Label("新增", "Added"),
    "agree_lead": Label("约定牵头片区", "Lead agreed"),
    "change": Label("变更", "Changed"),
    "end": Label("终止", "Ended"),
    "outline": Label("更新边界", "Outline replaced"),
    "rename": Label("更名", "Renamed"),
    "redact_reports": Label("要求删除期满资料", "Asked to remove what had served its time"),
    "redact_reports_done": Label("已删除期满资料", "Removed what had served its time"),
    "rotate_keys": Label("要求更换密钥", "Asked to change the keys"),
    "rotate_keys_done": Label("已更换密钥", "Changed the keys"),
}

FIELDS: Mapping[str, Label] = {
    "address": Label("地址", "Address"),
    "area_id": Label("区域", "Area"),
    "code": Label("代码", "Code"),
    "ended_on": Label("终止日期", "Ended on"),
    "industry": Label("行业", "Industry"),
    "count": Label("数量", "How many"),
    "key": Label("密钥名称", "Name of the key"),
    "kind": Label("类型", "Kind"),
    "lat": Label("纬度", "Latitude"),
    "lead": Label("牵头", "Lead"),
    "level": Label("级别", "Level"),
    "lon": Label("经度", "Longitude"),
    "name": Label("名称", "Name"),
    "name_en": Label("英文名称", "Name in English"),
    "neighbour": Label("相邻区域", "Neighbour"),
    "parent": Label("上级", "Belongs to"),
    "parent_id": Label("上级", "Belongs to"),
    "phone": Label("电话", "Phone"),
    "reason": Label("原因", "Reason"),
    "sha256": Label("指纹", "Fingerprint"),
    "source": Label("来源", "Source"),
}
