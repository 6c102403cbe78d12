"""What words tell of a person: day of birth, a child's name, an illness. Each is found only where the words
tie it to somebody: 「1965年3月2日生」, not 「3月2日生效」; 「因尿毒症」, not 「防治结核病」."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from app.core.pii import names
from app.core.pii.kinds import Candidate, Kind
from app.core.pii.masks import mask_minor

# Days of birth (出生日期). A month of birth alone is no exact date: notices of candidates carry it.

_DAY = (
    r"(?P<{0}>(?:1[89]|20)\d\d(?: ?年 ?| ?[-./] ?)\d{{1,2}}(?: ?月 ?| ?[-./] ?)\d{{1,2}}(?: ?[日号])?|"
    r"(?:19|20)\d\d[01]\d[0-3]\d(?!\d)"
    r"|"
    r"[一二][零〇一二三四五六七八九]{{3}}年[一二三四五六七八九十]{{1,2}}月[一二三四五六七八九十]{{1,3}}[日号])"
)
_BIRTHS = (
    re.compile(
        r"(?:出生日期|出生年月日?|出生时间|出生于|(?<![产发萌诞再])生于|诞生于|生日|生辰|出生)(?:为|是|"
        r"在|[:： (（])*" + _DAY.format("after")
    ),
    re.compile(
        _DAY.format("before")
        + (
            r" ?(?:出生(?!人口|人数|登记|率|缺陷|证|医学|之?[前后]|以[前后]|的)|出世|生(?=$|"
            r"[^产效活命态病长意火源动成日存出育鲜物]))"
        )
    ),
    re.compile(r"[男女][,，、 ]{1,2}" + _DAY.format("beside") + r"(?=$|[,，、）)。;； \n])"),
)


def births(text: str) -> Iterator[Candidate]:
    """Exact days of birth; the year may stay."""
    for pattern in _BIRTHS:
        for match in pattern.finditer(text):
            [(name, value)] = match.groupdict().items()
            yield Candidate(Kind.BIRTH, *match.span(name), mask_birth(value), True)


def mask_birth(day: str) -> str:
    """1965-03-02 → 1965年."""
    return f"{re.sub(' ', '', day)[:4]}年"


# Children (未成年人)

_YOUNG = r"(?:1[0-7]|[0-9]|十[一二三四五六七]?|[一二三四五六七八九两]) ?(?:周?岁半?|个月大?)"
_CHILD = (
    r"(?:留守儿童|困境儿童|困难儿童|残疾儿童|无人抚养儿童|弃婴|孤儿|儿童|幼儿|婴儿|未成年人|"
    r"未成年子女|小学生|中学生|初中生|高中生|"
    r"(?<!大)学生|学童|男童|女童|男孩|女孩|患儿|小朋友|少先队员|婴幼儿)"
)
_NAME_THEN_AGE = re.compile(
    rf"(?P<gap> ?[(（,，] ?(?:[男女][,，、 ] ?)?(?:今年|现年|年仅|年龄)?[:： ]?|今年|现年|年仅)(?:才|"
    rf"刚|只有)? ?{_YOUNG}"
    rf"(?![以之]|儿童|至)"
)
_AGE_THEN_NAME = re.compile(rf"{_YOUNG}的?(?:{_CHILD}|孩子|女儿|儿子|孙子|孙女|外孙女?)?[:： ]?")
_CHILD_THEN_NAME = re.compile(rf"{_CHILD}(?:姓名|名单|代表|党员)?[:： ]{{0,2}}")
_NAME_THEN_CHILD = re.compile(
    rf" ?[(（,，] ?(?:系|是|为)?{_CHILD}(?=[)）,，。；; ]|$)|(?:等\d*名?)?小朋友|是(?:名|个|一名|"
    rf"一个)?{_CHILD}"
)


def minors(text: str) -> Iterator[Candidate]:
    """Names of children: beside an age under 18, or beside a word for a child."""
    for before in (_NAME_THEN_AGE, _NAME_THEN_CHILD):
        for match in before.finditer(text):
            start = names.ending_at(text, match.start())
            if start is not None:
                yield _minor(text, start, match.start())
    for behind in (_AGE_THEN_NAME, _CHILD_THEN_NAME):
        for match in behind.finditer(text):
            for start, end in names.listed_from(text, match.end()):
                yield _minor(text, start, end)


def _minor(text: str, start: int, end: int) -> Candidate:
    return Candidate(Kind.MINOR, start, end, mask_minor(text[start:end]), True)


# Illnesses (病情、残疾): the category may stand, the illness may not.

_ILL = (
    r"(?:尿毒症|白血病|血友病|再生障碍性贫血|地中海贫血|糖尿病|高血压|冠心病|(?:先天性|风湿性)?心脏病|"
    r"心肌梗[死塞]|心力衰竭|心梗|脑梗[死塞]?|"
    r"脑出血|脑溢血|脑瘫|脑卒中|中风|偏瘫|截瘫|瘫痪|帕金森[病症]?|阿尔茨海默[病症]?|老年痴呆症?|"
    r"痴呆症?|癫痫病?|精神分裂症|精神障碍|精神病|抑郁症|"
    r"躁郁症|双相情感障碍|自闭症|孤独症|智力障碍|智力低下|唐氏综合征|艾滋病|梅毒|性病|乙型?肝炎?|"
    r"丙型?肝炎|乙肝|丙肝|肝炎|肝硬化|肝腹水|肝衰竭|肺结核|"
    r"结核病|尘肺病?|矽肺病?|慢阻肺|肺气肿|肺心病|肾炎|肾病(?:综合征)?|肾衰竭|肾功能衰竭|红斑狼疮|"
    r"类风湿(?:性关节炎)?|强直性脊柱炎|股骨头坏死|腰椎间盘突出症?|"
    r"渐冻症|肌无力|肌萎缩|多发性硬化|甲亢|白内障|青光眼|重症肌无力|罕见病|败血症|脑膜炎|"
    r"(?:恶性)?(?:淋巴瘤|脑瘤|肿瘤)|"
    r"(?:[胃肺肝肠乳腺食道管鼻咽喉宫颈子卵巢胰前列膀胱肾甲状结直皮肤骨脑血胆口舌]{1,4})癌|癌症|"
    r"重度烧伤|粉碎性骨折|骨折)"
)
_STAGE = r"(?:早期|中期|晚期|后遗症|Ⅱ期|[一二三四1234I]{1,3}期)?"
_MANY = rf"{_ILL}{_STAGE}(?:[、,，和及与]{_ILL}{_STAGE})*(?:等(?:多种|重大|慢性)?(?:疾?病|病症))?"
# Said of people in general: services, rules, campaigns.
_GENERAL = (
    r"(?![^,，。；;\n]{0,8}(?:的(?:居民|村民|群众|人员|老人|老年人|人群|对象|家庭|学生|参保)|高发|"
    r"防治|筛查|预防|防控|可享受|"
    r"可申请|均可|报销|门诊|用药保障|健康|管理|讲座|宣传|随访|免费|补助标准|保险))"
)
_ILLNESSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            rf"(?:因|由于)(?:本人|其|患者)?(?:妻子?|丈夫|夫|父亲?|母亲?|儿子|女儿|子|女|孩子|老伴|老婆|"
            rf"孙子|孙女|家人)?(?:长期|常年|突发|突患|身患|罹患|患有?|得了?|确诊|查出|"
            rf"先天性)*{_MANY}{_GENERAL}"
        ),
        "因病",
    ),
    (
        re.compile(
            rf"(?:(?<![易可预])(?:身患|罹患|患有|患上|患(?![者病儿])|突发|确诊为?|诊断为|检?查出患?有?|"
            rf"得了|染上)(?:严重的?|重度|慢性|晚期|先天性)*){_MANY}{_GENERAL}"
        ),
        "因病",
    ),
    (
        re.compile(
            rf"(?:病因|病种|病情|疾病名称|所患疾病|患病情况|诊断|(?:致[困贫]|困难|贫困|救助|申请|"
            rf"补助)(?:原因|理由|类型|事由))[:： 为是]{{1,2}}(?P<value>{_MANY})"
        ),
        "因病",
    ),
    (
        re.compile(
            rf"{_ILL}(?:晚期|术后|复发|后遗症|长期服药|卧床|住院治疗|手术治疗|化疗|放疗|透析){_GENERAL}"
        ),
        "因病",
    ),
    (re.compile(rf"^ ?{_MANY} ?$"), "因病"),
)
_PATIENT = re.compile(rf"(?P<ill>{_ILL}(?:患者|病人))[:： ]?")
_LIMBS = r"(?:视力|听力|言语|肢体|智力|精神|多重)"
_DEGREE = r"[一二三四1234Ⅰ-Ⅳ]级"
_DISABLED = re.compile(
    rf"(?P<why>因)?(?:{_LIMBS}(?:、{_LIMBS})*(?:重度)?残疾[(（ ]?{_DEGREE}"
    rf"(?! ?[、至到及和或]? ?[一二三四1234]级|以上|以下)|"
    rf"(?<![、至和或级]){_DEGREE}{_LIMBS}残疾|{_LIMBS}{_DEGREE}残疾)(?:残疾证)?"
    r"(?![^,，。；;\n]{0,8}(?:补贴|补助|标准|可享受|可申请|每人|对象|的残疾人|人员|康复服务|护理补贴))"
)


def illnesses(text: str) -> Iterator[Candidate]:
    """Illnesses and degrees of disability of somebody."""
    for pattern, masked in _ILLNESSES:
        for match in pattern.finditer(text):
            span = match.span("value") if "value" in pattern.groupindex else match.span()
            yield Candidate(Kind.ILLNESS, *span, masked, True)
    for match in _PATIENT.finditer(text):
        if names.starting_at(text, match.end()) is not None:
            yield Candidate(Kind.ILLNESS, *match.span("ill"), "患病人员", True)
    for match in _DISABLED.finditer(text):
        yield Candidate(Kind.ILLNESS, *match.span(), "因残" if match["why"] else "残疾", True)


FINDERS: tuple[Callable[[str], Iterator[Candidate]], ...] = (births, minors, illnesses)
