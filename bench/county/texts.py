"""What clerks write: account titles in three styles, and what payments were for."""

from __future__ import annotations

ACCOUNTS = {
    "power": ("管理费用", "水电费"),
    "office": ("管理费用", "办公费"),
    "press": ("管理费用", "报刊费"),
    "wages": ("管理费用", "干部报酬"),
    "allowance": ("管理费用", "误工补贴"),
    "travel": ("管理费用", "差旅费"),
    "meals": ("管理费用", "招待费"),
    "advice": ("管理费用", "中介服务费"),
    "insurance": ("管理费用", "财产保险费"),
    "cleaning": ("公益支出", "保洁服务费"),
    "cleaners": ("公益支出", "保洁人员工资"),
    "day_labour": ("公益支出", "临时用工"),
    "greening": ("公益支出", "绿化养护费"),
    "repair": ("公益支出", "维修费"),
    "culture": ("公益支出", "文体活动费"),
    "consolation": ("公益支出", "慰问金"),
    "elderly": ("公益支出", "老年人福利"),
    "medical": ("公益支出", "合作医疗补助"),
    "schooling": ("公益支出", "助学金"),
    "canteen": ("公益支出", "老年食堂支出"),
    "goods": ("公益支出", "物资采购"),
    "material": ("库存物资", "材料"),
    "works": ("在建工程", "工程款"),
    "design": ("在建工程", "设计监理费"),
    "equipment": ("固定资产", "设备购置"),
    "land_rent": ("经营支出", "土地流转费"),
    "dividend": ("收益分配", "成员分红"),
    "deposit": ("其他应付款", "投标保证金"),
    "compensation": ("专项应付款", "征地补偿款"),
    "tax": ("税金及附加", "房产税"),
    "other": ("其他支出", "其他"),
}
SIGNS = ("-", "/", "")


def title(account: str, style: int) -> str:
    """An account title as the bookkeepers of a town write it: two ways with both levels, one without."""
    upper, leaf = ACCOUNTS[account]
    sign = SIGNS[style]
    return f"{upper}{sign}{leaf}" if sign else leaf


CHORES = (
    "{month}月份河道保洁用工",
    "{place}绿化带除草人工",
    "村道清扫、垃圾清运{month}月工资",
    "{group}组水渠清淤用工",
    "防汛巡查值守补贴",
    "{place}公厕保洁工资",
    "文化礼堂活动帮工",
    "{group}组道路两侧割草人工费",
    "秸秆禁烧巡查误工补贴",
    "{month}月垃圾分类督导员工资",
    "除雪扫雪用工",
    "农田排涝看泵人工",
    "村口广告牌拆除用工",
)
UPKEEP = (
    ("路灯维修", "hardware"),
    ("{group}组路灯更换灯头", "hardware"),
    ("自来水管道漏水抢修", "hardware"),
    ("文化礼堂屋面补漏", "works"),
    ("{group}组机耕路塌方修复", "works"),
    ("{place}下水道疏通", "works"),
    ("泵站水泵维修", "hardware"),
    ("办公室空调维修", "goods"),
    ("监控摄像头维修", "goods"),
    ("健身器材维修", "goods"),
    ("{place}围墙修补", "works"),
    ("垃圾房门窗更换", "hardware"),
    ("村道安全护栏修补", "works"),
    ("{place}凉亭刷漆", "works"),
)
OFFICE = (
    ("办公用品", "shop"),
    ("打印纸、墨盒", "goods"),
    ("宣传横幅制作", "print"),
    ("公示栏更换展板", "print"),
    ("会议用茶水、矿泉水", "shop"),
    ("电脑维护", "goods"),
    ("资料装订复印", "print"),
    ("党建活动资料", "print"),
)
GOODS = (
    ("垃圾桶采购", "hardware"),
    ("重阳节慰问品", "shop"),
    ("端午节粽子", "shop"),
    ("防汛沙袋、铁锹", "hardware"),
    ("消防水带、灭火器", "hardware"),
    ("春节慰问大米食用油", "food"),
    ("文艺演出服装道具", "print"),
    ("会议室桌椅", "goods"),
    ("春季补种苗木", "garden"),
    ("水泥、黄沙", "material"),
    ("窨井盖", "material"),
    ("路沿石", "material"),
    ("涂料", "material"),
)
ADVICE = (
    ("村级财务审计费", 6_000, 15_000),
    ("法律顾问费", 5_000, 12_000),
    ("土地测绘费", 3_000, 18_000),
    ("资产评估费", 3_000, 9_000),
    ("房屋安全鉴定费", 2_000, 12_000),
    ("村庄规划编制费", 15_000, 45_000),
)
WORKS = (
    ("{place}道路硬化", 1.0),
    ("{group}组污水管网改造", 1.5),
    ("文化礼堂改造提升", 1.3),
    ("{place}停车场建设", 0.8),
    ("{group}组河道护岸整治", 1.6),
    ("村口节点景观提升", 0.9),
    ("高标准农田沟渠配套", 1.4),
    ("老年活动中心新建", 2.2),
    ("标准厂房新建", 5.0),
    ("{place}公厕改建", 0.4),
    ("主干道路灯安装", 0.6),
    ("{group}组桥梁加固", 0.9),
    ("农贸市场改造", 2.0),
    ("村卫生室修缮", 0.6),
    ("{place}机耕路修建", 0.7),
    ("雨水管道翻建", 0.8),
)
FIT_OUT = (
    ("新办公楼木工装修工资", "木工"),
    ("办公楼装修油漆工工资", "油漆"),
    ("新办公楼水电安装人工", "水电"),
    ("办公楼泥工贴砖工资", "泥工"),
    ("办公楼吊顶人工费", "木工"),
    ("新办公楼门窗安装人工", "门窗"),
    ("办公楼装修杂工工资", "杂工"),
)
CONSTRUCTION = (
    "{group}组村道修补人工",
    "{place}围墙砌筑人工费",
    "村道侧石铺设用工",
    "{group}组排水沟砌筑工资",
    "{place}挡墙修筑人工",
    "路面破损修补用工",
    "自行车棚搭建人工",
)
