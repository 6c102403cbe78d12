"""Invented names, in two sets of the same size: the same numbers give other names, and nothing else
changes."""

from __future__ import annotations

from dataclasses import dataclass, field

TRADES = ("works", "material", "hardware", "shop", "print", "goods", "advice", "cleaning", "garden", "food")


@dataclass(frozen=True)
class Naming:
    """One set of names. `person`, `firm` and `village` give different names for different numbers."""

    county: str
    heads: str
    tails: str
    town_tail: str
    surnames: str
    given_heads: str
    given_tails: str
    brand_heads: str
    brand_tails: str
    groups: str
    firms: dict[str, str] = field(default_factory=dict)

    def town(self, number: int) -> str:
        """The name of a town."""
        return f"{self.heads[number % len(self.heads)]}{self.town_tail}镇"

    def village(self, number: int) -> str:
        """The name of a village."""
        size = len(self.heads) * len(self.tails)
        mixed = number * 101 % size
        part = ("", "上", "下", "前", "后")[number // size]
        return f"{part}{self.heads[mixed % len(self.heads)]}{self.tails[mixed // len(self.heads)]}村"

    def hamlet(self, number: int) -> str:
        """The name of a part of a village (自然村)."""
        head = self.groups[number * 7 % len(self.groups)]
        return f"{self.surnames[number * 11 % len(self.surnames)]}家{head}"

    def person(self, number: int) -> str:
        """A person's name; after 6,400 numbers they begin again, as names do."""
        number = number * 1009 % (len(self.surnames) * len(self.given_heads) * len(self.given_tails))
        number, one = divmod(number, len(self.surnames))
        number, two = divmod(number, len(self.given_heads))
        return self.surnames[one] + self.given_heads[two] + self.given_tails[number]

    def firm(self, number: int, trade: str) -> str:
        """A firm of a trade."""
        number = number * 37 % (len(self.brand_heads) * len(self.brand_tails))
        two, one = divmod(number, len(self.brand_heads))
        return f"{self.county[:-1]}{self.brand_heads[one]}{self.brand_tails[two]}{self.firms[trade]}"

    def public(self, what: str) -> str:
        """Who supplies power, water and telephones."""
        return {
            "power": f"国网浙江省电力有限公司{self.county}供电公司",
            "water": f"{self.county}自来水有限公司",
            "phone": f"中国电信股份有限公司{self.county}分公司",
            "bank": f"{self.county}农村商业银行股份有限公司",
            "post": f"中国邮政集团有限公司{self.county}分公司",
            "insurer": f"中国人民财产保险股份有限公司{self.county}支公司",
        }[what]


A = Naming(
    county="澜川县",
    heads="梓桐枫槿榆柏樟栎楠楝沁汀沐泠沅洛浔淞湄溱菱荻芦蘅",
    tails="溪坞畈埭浦湾泾滩岙墩荡潭岭坪垅浜坂埠渚漾",
    town_tail="安",
    surnames="王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡杜叶",
    given_heads="国志海永金水阿文小德荣凤秀玉月春",
    given_tails="华明林根强芳英娟泉良",
    brand_heads="恒盛宏鼎瑞泰丰裕隆昌信诚",
    brand_tails="达源业兴邦和康顺辉宝",
    groups="塔坎弄里头桥",
    firms={
        "works": "建设有限公司",
        "material": "建材有限公司",
        "hardware": "五金经营部",
        "shop": "百货超市",
        "print": "图文广告有限公司",
        "goods": "办公设备有限公司",
        "advice": "工程咨询有限公司",
        "cleaning": "物业服务有限公司",
        "garden": "园林绿化有限公司",
        "food": "农副产品商行",
    },
)
B = Naming(
    county="岚屿区",
    heads="鹤鹭雁鸿凫鹃鹂鸥鹊鹞琼瑶璜珏琅璟瑜珩琮玳霁霞霖霓",
    tails="渡堰圩汇闸屿矶墅窑寨陂峪岗峡垭坑洋垟坝沙",
    town_tail="宁",
    surnames="沈姚卢姜崔钟谭陆汪范石廖贾夏韦付邹孟熊秦邱尹薛侯陶黎贺顾龚邵钱覃武戴孔汤施柯洪童",
    given_heads="建伟兴忠福祥土长子丽美桂雪云红彩",
    given_tails="军平杰法松琴仙珍妹祥",
    brand_heads="拓凯卓远博联嘉润佳金汇鑫",
    brand_tails="驰翔锐越成益凌途景华",
    groups="湖塘店庄园角",
    firms={
        "works": "市政工程有限公司",
        "material": "水泥制品厂",
        "hardware": "日杂五金店",
        "shop": "生活超市",
        "print": "文化传播有限公司",
        "goods": "电子科技有限公司",
        "advice": "工程管理有限公司",
        "cleaning": "环境服务有限公司",
        "garden": "苗木专业合作社",
        "food": "粮油经营部",
    },
)
SETS = {"a": A, "b": B}
