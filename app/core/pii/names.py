"""Chinese names in running text: recognised only beside words that say who it is, never on their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from app.core.text import surname

# The most common surnames; words that begin with one of them are below.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤施柯洪童翁俞裘楼骆华章鲁费凌盛宣季房庄"
    "应诸包左申屠祝葛倪阮席麻茅庞纪舒屈项柳鲍虞安成欧阳康伍岑樊殷路温符管车游瞿边单缪巫褚蓝傅冉卜尚聂荣翟涂丘古"
)
_LIST = (
    "高温 高考 高中 高校 高龄 高危 高等 高处 安全 安排 安置 安装 安防 安心 安宁 安静 安保 安抚 成绩 "
    "成长 成员 成立 成果 成功 成人 成年 成为 成本 "
    "路费 路灯 路上 路面 路口 路段 路边 车费 车辆 车票 车上 车间 车位 车祸 管理 管护 管控 管道 金额 "
    "金融 金秋 毛巾 毛衣 毛笔 毛毯 段落 游乐 游泳 游戏 "
    "游玩 游园 温暖 温馨 温度 温饱 温习 康复 康养 康乐 石头 石料 江河 江南 江边 田间 田地 田径 白天 "
    "白色 黄色 马路 马上 林地 林业 林木 方面 方案 方便 方式 "
    "方法 方可 应急 应当 应该 应付 顾问 包括 包含 包干 包装 包书 左右 申请 申报 申领 申诉 项目 项下 "
    "施工 施救 施教 单位 单独 单亲 单程 单价 单元 边上 边界 "
    "古树 古村 程序 程度 任务 任何 任职 任课 任教 向上 向前 向阳 向村 向镇 万元 万人 万户 严重 严格 "
    "严禁 严防 严肃 盛夏 季度 季节 房屋 房子 房间 房租 庄稼 "
    "章程 华侨 费用 纪律 纪委 纪念 席位 荣誉 蓝天 洪水 洪涝 童装 童年 童车 童话 童谣 陆续 陆地 尚未 "
    "舒适 武术 武装 龙舟 龙头 雷电 雷雨 夏天 夏令 夏季 余额 "
    "余款 周边 周末 周年 周围 周期 周岁 周一 周二 周三 周四 周五 周六 周日 张贴 张挂 许可 许多 曾经 "
    "曾任 何时 何地 于是 范围 范例 付款 付清 付费 符合 符号 "
    "屈指 莫名 莫过 向好 童心 黎明 顾客 柳编 单车 单人 单科 欧美 祝福 祝贺 席间 易地 胡同 胡乱 万名 "
    "万余 钱款 钱物 钱包 金牌 金奖 秦腔 丁克 戴口 戴好 钟声"
)
NOT_NAMES = frozenset(_LIST.split())
_SIGN = re.compile(r"[\u4e00-\u9fff]")
_GIVEN_AWAY = "某×"
# What may follow a name in running text.
_AFTER = frozenset("的在因已获领享由与和及等同家每现今随上读就是有被入考受系为住转需患父母各共将可按未")


def plausible(name: str) -> bool:
    """Whether `name` can be a person's full name: a common surname with one or two characters, a compound one
    with one or two; none that is a word or hides the given name already."""
    long = _compound(name)
    given = name[2:] if long else name[1:]
    if not 1 <= len(given) <= 2 or not all(_SIGN.match(letter) for letter in given):
        return False
    if any(letter in _GIVEN_AWAY for letter in given):
        return False
    return long or (name[:1] in _SURNAMES and name[:2] not in NOT_NAMES)


@lru_cache(maxsize=10_000)
def _is_compound(pair: str) -> bool:
    return len(surname(f"{pair}某")) == 2


def _compound(text: str) -> bool:
    return len(text) > 2 and _is_compound(text[:2])


def ending_at(text: str, end: int) -> int | None:
    """Where a name that ends at `end` begins; None when there is none."""
    for length in (4, 3, 2):
        start = end - length
        if start >= 0 and plausible(text[start:end]) and (length < 4 or _compound(text[start:end])):
            return start
    return None


def starting_at(text: str, start: int) -> int | None:
    """Where a name that begins at `start` ends: before a mark or a word that follows names."""
    for length in (4, 3, 2):
        end = start + length
        if end > len(text) or (length == 4 and not _compound(text[start:end])):
            continue
        follows = text[end : end + 1]
        if plausible(text[start:end]) and (not _SIGN.match(follows) or follows in _AFTER):
            return end
    return None


def listed_from(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The names of a list that begins at `start`: 张三、李四和王五."""
    while (end := starting_at(text, start)) is not None:
        yield start, end
        joint = re.match(r" ?[、,，和及] ?", text[end : end + 3])
        if not joint:
            return
        start = end + joint.end()
