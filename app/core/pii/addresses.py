"""Exact home addresses (详细住址). A villagers' group (村民小组) is no exact address and stays; so does the
address of an office or a firm, which is named as such."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.core.pii.kinds import Candidate, Kind

_NUMERAL = r"[0-9零〇一二三四五六七八九十百]{1,5}"
_PLACE = r"(?:自然村|村|社区|大道|路|街|弄|巷|小区|花园|新村|公寓|家园|苑|庄|桥|埭|组|队)"
# A thing with a number (3号路灯), or a day of the month (15号前), is no house.
_NO_HOUSE = (
    r"(?![文令井楼地路线桥泵闸机灯坑段池公台仓库房厂棚塘沟渠坝院馆杆箱柜标窗厅门船车表单展馆站点位样田图牌])"
    r"(?! ?(?:前|后|以前|之前|以后|之后|起|至|到|截止|上午|下午|晚上|早上|凌晨|中午|开始|召开|举行|"
    r"完成|结束|通知|合同|"
    r"凭证|批复|会议|地块|项目|工程|变压器|路灯|泵站|水闸|监控|垃圾|公厕|厕所|码头|大棚|鱼塘))"
)
_HOUSE = (
    rf"(?:{_NUMERAL}号{_NO_HOUSE}(?:之{_NUMERAL})?(?:[ ,]?{_NUMERAL}室)?|{_NUMERAL}室|"
    rf"[0-9]{{1,3}}[-#][0-9]{{1,2}}-[0-9]{{3,4}})"
)
_PARTS = (
    rf"(?:第?{_NUMERAL}(?:组|小组|队|弄|巷|区|幢|栋|号楼)[ ,]?)?"
    rf"(?:第?{_NUMERAL}(?:幢|栋|号楼|座)[ ,]?)?(?:{_NUMERAL}单元[ ,]?)?"
)
_ADDRESS = re.compile(
    rf"[\u4e00-\u9fff]{{1,8}}{_PLACE}[ ,]?{_PARTS}"
    rf"(?:{_HOUSE}|(?<=[幢栋座元楼])[0-9]{{3,4}}(?![0-9元户人]))"
)
_LIVES = re.compile(
    rf"(?:家住|住址|住在|居住于?|现住|户籍地?|家庭地址|居住地|门牌)[:： 为在是]{{0,3}}"
    rf"(?P<value>[\u4e00-\u9fff]{{2,16}}{_PARTS}{_HOUSE})"
)
_OF_AN_OFFICE = re.compile(
    r"(?:公司|企业|单位|注册|经营|办公|会议|开标|评标|报名|投标|活动|施工|项目|工程|建设|竞价|交易|"
    r"递交|办理|咨询|办事|领取|"
    r"体检|集合|投票|选举|办学|机构|开会|看样|受理|招聘|接种|义诊)(?:地址|地点|场所|场地|位置|处|"
    r"点)?[:： 设为在是于]{0,3}[\u4e00-\u9fff]{0,12}$"
)
_IS_AN_OFFICE = re.compile(
    r"[ (（]?[^,，。；;\n0-9]{0,6}(?:村委|委会|礼堂|便民|服务|中心|党群|公司|厂|卫生|医院|学校|小学|"
    r"中学|幼儿园|银行|信用社|超市|会议室|"
    r"办公|大厅|政府|派出所|交易|仓库|商店|门店|合作社|广场|公园|祠堂|市场|驿站|老年|食堂)"
)
_GROUP = re.compile(rf"[\u4e00-\u9fff]*?(?:第?{_NUMERAL}(?:组|小组|队)|(?=第?{_NUMERAL}))")


_ON_THE_WAY = re.compile(r"[\u4e00-\u9fff]*?(?:家?住|居住|位于|送[到至]|户籍)[在于址地]?(?=[\u4e00-\u9fff])")


def addresses(text: str) -> Iterator[Candidate]:
    """Addresses down to the house."""
    for match in _LIVES.finditer(text):
        start, end = match.span("value")
        yield Candidate(Kind.ADDRESS, start, end, mask_address(match["value"]), True)
    for match in _ADDRESS.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()] + re.split(r"[0-9]", match[0])[0]
        if not _OF_AN_OFFICE.search(before) and not _IS_AN_OFFICE.match(text, match.end()):
            words = _ON_THE_WAY.match(match[0])
            start = match.start() + (words.end() if words else 0)
            yield Candidate(Kind.ADDRESS, start, match.end(), mask_address(text[start : match.end()]), False)


def mask_address(address: str) -> str:
    """Keeps the words before the first number, and the villagers' group: 东联村3组25号 → 东联村3组**."""
    words = _GROUP.match(address)
    return f"{words[0] if words else ''}**"
