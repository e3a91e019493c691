"""Asks Python for the results that crates/core/src/python must reproduce.

Writes one JSON array per line: the name of a function, its arguments, the expected result. The
unit tests of crates/core/src/python read the committed table:

    cd crates/core/src/python/fixtures
    python3.11 ../../../../../tests/oracle/python_semantics.py > python_semantics.jsonl

For a longer search, write more random cases to another file and name that to the tests:

    python3.11 tests/oracle/python_semantics.py --random 100000 --seed 7 > /tmp/table.jsonl
    PYTHON_SEMANTICS_TABLE=/tmp/table.jsonl cargo test -p mlflow-migrate-core python

Only the standard library is needed: MLflow's functions are short and stated again here.
"""

import argparse
import json
import math
import random
import struct
import sys
import unicodedata
from decimal import Decimal, InvalidOperation

BIGINT_MIN = -(2**63)
BIGINT_MAX = 2**63 - 1
UNICODE_VERSION = "14.0.0"

# --- MLflow's functions (mlflow/store/db/trace_analytics_backfill_75868b020152.py) ---


def finite_float_or_none(value):
    if value is None or isinstance(value, bool):
        return None
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def token_count_or_none(value):
    if value is None or isinstance(value, bool):
        return None
    try:
        value = Decimal(str(value))
    except (InvalidOperation, TypeError, ValueError):
        return None
    if (
        not value.is_finite()
        or value != value.to_integral_value()
        or not BIGINT_MIN <= value <= BIGINT_MAX
    ):
        return None
    return int(value)


# --- Results in a form that both sides can write ---


def float_bits(value):
    if value is None:
        return None
    return "nan" if math.isnan(value) else struct.pack(">d", value).hex()


def code_points(text):
    return ".".join(f"{ord(character):x}" for character in text)


def canonical(value):
    """One unambiguous line for a decoded document; floats by their bits."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"i{value}"
    if isinstance(value, float):
        return f"f{float_bits(value)}"
    if isinstance(value, str):
        return f"s{code_points(value)};"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return "{" + ",".join(canonical(k) + ":" + canonical(v) for k, v in value.items()) + "}"


def loads(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def loads_row(text):
    try:
        return canonical(json.loads(text))
    except ValueError:
        return None


def fnv1a(chunks):
    digest = 0xCBF29CE484222325
    for chunk in chunks:
        for byte in chunk:
            digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def characters():
    """Planes 0, 1 and 14: the others hold ideographs and private use."""
    points = (*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xF0000))
    return map(chr, points)


# --- Inputs ---

SPACES = " \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
NOT_SPACES = "\x00\x08\x0e\x1b\x7f\u180e\u200b\u2060\ufeff"
DIGITS = "\u0660\u0663\u06f5\u0967\u0e53\uff11\uff19\U0001d7cf\U0001d7ff\U0001fbf9\U00011f53"
NOT_DIGITS = "\u00b2\u2167\u4e09\u2212\u066b\u0bf0\U0001fbfa"

DOCUMENTS = r"""
null|true|false|NaN|-NaN|+NaN|nan|Infinity|-Infinity|+Infinity|Infinit|-Infinit|-I|N|I|nul|nulll
True|None|undefined|0|-0|00|01|-01|1|-1|+1|--1|-|1.|1.5|-1.5|.5|-.5|1.e5|1e5|1E5|1e+5|1e-5|1e|1e+
1e-|1.5e|1.5.5|1e5.5|1e5e5|0x10|0b1|1_0|1e400|-1e400|1e-400|-1e-400|-0.0|-0e5|0.0|4.9e-324|2e-324
2.4703282292062327e-324|2.4703282292062328e-324|1.7976931348623157e308|1.7976931348623159e308
9007199254740993|9007199254740993.0|0.1|1e23|9223372036854775807|9223372036854775808
-9223372036854775808|-9223372036854775809|123456789012345678901234567890|1.0000000000000002
1.00000000000000011102230246251565404236316680908203125
1.00000000000000011102230246251565404236316680908203126|5e-1|1n|Infinity1|NaN1|NaN,1
""|"a"|"a|a"|'a'|"é"|"😀"|"\"\\\/\b\f\n\r\t"|"\a"|"\'"|"\x41"|"\U0041"|"\u0041"|"\u00e9"|"\u00E9"
"\u0000"|"\u"|"\u0"|"\u004"|"\u00g0"|"\u+041"|"\u 041"|"\u0_41"|"\u-041"|"\u１２３４"|"\
"\ud83d\ude00"|"\uD83D\uDE00"|"\ud83d"|"\ude00"|"\ude00\ud83d"|"\ud83d\ud83d\ude00"|"\ud83d\u0041"
"\ud83d\n"|"\ud83dx"|"\ud83d\\ude00"|"\ud83d\u"|"\ud83d\ude0"|"\ud83d\uzzzz"|"\ud83d\ude00\ude00"
"\udbff\udfff"|"\ud800\udc00"|"\ud800\udbff"|"\udc00\udfff"|"x\ud800y"|"é\udfffé"|"\ud800
[]|[ ]|[1]|[1,2]|[1, 2 , 3 ]|[1 2]|[1,]|[,1]|[,]|[|]|[1|[1,|[[]]|[[],[[]]]|[[1],2]|[}|[1}|[1:2]
{}|{ }|{"a":1}|{ "a" : 1 , "b" : 2 }|{"a":1,}|{,}|{"a"}|{"a":}|{"a" 1}|{a:1}|{'a':1}|{1:2}|{null:1}
{"a":1,"a":2}|{"a":1,"b":2,"a":3}|{"":0}|{"\ud800":1}|{"\u0061":1,"a":2}|{"a":1 "b":2}|{"a":1]|{]
{"a":{"b":[{"c":null}]},"d":[true,false]}|{"a":1}x|{"a":1}{}|[] []|1 2|1,2|null null|"a""b"|{"a"
{"a":|{"a":1|{"a":1,|{"a":1,"b|{"é":"ü"}|[NaN,-Infinity,Infinity]|[1e400,-0,-0.0]|[-]|[1e]|[01]
{"input_tokens": 12, "output_tokens": 3.0, "total_tokens": "15"}
{"input_cost": 0.00025, "output_cost": 1e-06, "total_cost": 0.000251}
""".strip().replace("\n", "|").split("|")
DOCUMENTS += [
    "",
    " ",
    "\n1\r",
    "\t[\t1\r,\n2 ]",
    '{"a"\n:\r1\t}',
    "\ufeff1",
    "1\ufeff",
    "\x0c1",
    "1\x0b",
    "\xa01",
    "\u20281",
    "\x001",
    "1\x00",
    "\u0663",
    "\uff11",
    "1\u0663",
    "1.\u0663",
    '"\x7f\x80\u2028"',
    '"\\ud83d\U0001f600"',
    '"|"',
    "|",
    *(f'"{chr(point)}"' for point in range(0x21)),
    *(f'"\\{chr(point)}"' for point in range(0x20, 0x7F)),
    "{" + ",".join(f'"k{n % 40}":{n}' for n in range(60)) + "}",
    "[" * 200 + "]" * 200,
    '{"a":' * 200 + "1" + "}" * 200,
    "[" * 200,
]

NUMBERS = """
0|-0|+0|00|1|+1|-1|--1|+-1|12|1_0|_1|1_|1__0|1_.0|1._0|1_0.0_1|1e_5|1_e5|1e5_|1e1_0|1e+_5|_|__|+_1
-_0|.|+|-|1.|.5|-.5|+.5e-3|5.e1|.e1|1.5|1.0|1.5.5|1e|1e+|e5|E5|1e5|1E5|1e+5|1e-5|1e5.0|1e+-5|1 e5
inf|Inf|-INF|+infinity|INFINITY|infinit|infinityy|i_nf|in f|nan|NaN|-nan|+nan|nan1|nan_1|nan()|snan
sNaN12|-snan|NaN٣|0x10|0x1p3|0b1|0o7|1d5|1f|1L|1j|True|None|true|null|1,000|$1|1%|1/2|''|"1"
12٣|١٢٣|１.５|１e５|1²|Ⅻ|三|−1|٣_٣|٣_|1٫5|1e٣|+٣|𝟏𝟐|1\u200b
1e308|1.7976931348623157e308|1.7976931348623158e308|1.7976931348623159e308|1e309|-1e400|1e-400
4.9e-324|2.4703282292062327e-324|2.4703282292062328e-324|2.2250738585072011e-308|0e999|0.1|1e23
9007199254740993|9007199254740992.5|9007199254740991.0|9007199254740993e0|8.5|1e16|123456789e10
9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809
9223372036854775807.0|9223372036854775807.5|92233720368547758070e-1|9223372036854775807.00e0
922337203685477580.7e1|0.9223372036854775807e19|1e18|9e18|1e19|10e17|-9.3e18|18446744073709551616
1000e-3|1001e-3|1.000|1.001|0.001e3|0.0005e3|10e-1|5e-1|0.0|-0.0|0e5|0.0e-5|00000000000000000012
0e999999999999999999|0e1000000000000000000|0.0e1000000000000000000|0.00e1000000000000000002
0e-1999999999999999997|0e-1999999999999999998|0.0e-1999999999999999996|0.0e-1999999999999999997
1e999999999999999999|1e1000000000000000000|1e99999999999999999999|1e-99999999999999999999
0e99999999999999999999|0e-99999999999999999999|1e9223372036854775807|1e-9223372036854775808
1e-999999999999999999|1e-2000000000000000000|1e0000000000000000000000005|1e-0000000000000000000001
""".strip().replace("\n", "|").split("|")
NUMBERS += ["", " ", "  1  ", "\x001", "1\x00", "1\x002", "1\ud800", "|", "1 2", "_ 1", "1 _"]
NUMBERS += [f"{space}1{space}" for space in SPACES + NOT_SPACES]
NUMBERS += [f"{space}\uff11{space}" for space in SPACES]
NUMBERS += [f"1{digit}" for digit in DIGITS + NOT_DIGITS]
NUMBERS += ["5" + "0" * 40 + "e-40", "0." + "0" * 30 + "5e31", "0" * 60 + "7", "1" * 60 + "e-59"]

NOT_NUMBERS = ["null", "true", "false", "[]", "[1]", "{}", '{"a":1}', '""', "NaN", "1e400"]

INTEGERS = [0, 1, -1, 2**53, 2**53 + 1, 2**53 + 3, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64]
INTEGERS += [10**22, 10**23, 10**308, 10**309, -(10**309), (2**53 - 1) << 971]
INTEGERS += [2**1024 - 2**970 + delta for delta in (-1, 0, 1)] + [2**1024, -(2**1024) + 2**970]

FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 1e15, 1e16, 1e17, 1e18, 1e19, 1e22, 1e23, 1e300, 5e-324]
FLOATS += [1.2345678901234567e18, 2.0**53, 2.0**53 + 2, 2.0**53 - 1, 2.0**62, 2.0**63, -(2.0**63)]
FLOATS += [math.inf, -math.inf, math.nan, 9.223372036854775e18, -9.223372036854775e18, 1e-7]
FLOATS += [1048576.00048828125, 9007199254740991.5, 4503599627370495.5, 123456789012345680.0]

TEXTS = ["", " ", "Yes", " NO \n", "ΑΣ", "ΑΣ ", "ΑΣ.", "ΑΣΑ", "Σ", "ΣΣ", "AΣ'Σ", "ΑΣ\u0301", "ΌΣΟΣ"]
TEXTS += ["İ", "Iİıi", "ẞß", "ǅ", "Ω", "K", "Ϊ́", "Ꭰ", "ꭰ", "Ⴀ", "Ა", "𐐀", "Ⅷ", "Ⓐ", "ÀÉ"]
TEXTS += ["aΣ\u0295", "\u0295Σ", "Σ\u0295", "A\U0001171eΣ", "AΣ\U0001171eb", "\ua7cbΣ"]
TEXTS += [f"{space}a{space}b{space}" for space in SPACES + NOT_SPACES] + [SPACES, "😀é" * 3]
TEXTS += ["\U00010d50", "\u1c89A", "\x00A"]

# --- Random inputs ---


def random_number_text(rng):
    digits = lambda most: "".join(rng.choices("0123456789", k=rng.randint(0, most)))
    text = rng.choice(["", "", "", "-", "+"]) + digits(rng.choice([3, 8, 20, 25]))
    if rng.random() < 0.5:
        text += "." + rng.choice([digits(3), digits(20), "0" * rng.randint(0, 20)])
    if rng.random() < 0.4:
        text += rng.choice("eE") + rng.choice(["", "-", "+"]) + digits(rng.choice([1, 2, 3]))
    return mutate(rng, text, "0159.eE+-_ \x1c\xa0\t" + DIGITS[:3]) if rng.random() < 0.3 else text


def random_float(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return struct.unpack(">d", rng.randbytes(8))[0]
    if kind == 1:
        return float(rng.randint(-(2**63), 2**63))
    if kind == 2:
        return float(rng.randint(-(10**6), 10**6)) / rng.choice([1, 2, 10, 1000])
    return math.ldexp(rng.random(), rng.randint(50, 66))


def random_character(rng):
    point = rng.choice([rng.randint(0x20, 0x7E), rng.randint(0, 0x5FF), rng.randrange(0x110000)])
    return "\ufffd" if 0xD800 <= point < 0xE000 else chr(point)


def random_string_literal(rng):
    parts = []
    for _ in range(rng.randint(0, 5)):
        kind = rng.randrange(6)
        if kind == 0:
            point = rng.choice([0xD800, 0xDC00, 0xD83D, 0xDE00, rng.randrange(0x10000)])
            parts.append(f"\\u{point:04x}")
        elif kind == 1:
            parts.append("\\" + rng.choice('"\\/bfnrt'))
        else:
            parts.append(json.dumps(random_character(rng), ensure_ascii=kind < 4)[1:-1])
    return '"' + "".join(parts) + '"'


def random_document(rng, depth=0):
    kind = rng.randrange(9 if depth < 3 else 6)
    space = rng.choice(["", "", "", " ", "\n\t"])
    if kind <= 1:
        return space + str(rng.choice([rng.randint(-99, 99), rng.randint(-(10**25), 10**25)]))
    if kind == 2:
        return space + repr(random_float(rng)).replace("inf", "Infinity").replace("nan", "NaN")
    if kind == 3:
        return rng.choice(["null", "true", "false", "NaN", "-Infinity"]) + space
    if kind <= 5:
        return random_string_literal(rng) + space
    items = [random_document(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    if kind == 6:
        return "[" + space + ("," + space).join(items) + "]"
    key = lambda: rng.choice(['"a"', '"b"', '"\\u0061"', random_string_literal(rng)])
    return "{" + ",".join(f"{space}{key()}{space}:{item}" for item in items) + space + "}"


def mutate(rng, text, alphabet):
    characters = list(text)
    for _ in range(rng.randint(1, 2)):
        start = rng.randint(0, len(characters))
        end = start + rng.randint(0, 1)
        characters[start:end] = rng.choice([[], [rng.choice(alphabet)]])
    return "".join(characters)


def random_text(rng):
    cased = "aAΣσςİß\u0301'.:\u0295-\xad" + SPACES
    return "".join(
        rng.choice([rng.choice(cased), rng.choice(cased), random_character(rng)])
        for _ in range(rng.randint(0, 6))
    )


# --- The table ---


def number_results(value):
    return float_bits(finite_float_or_none(value)), token_count_or_none(value)


def number_rows(text):
    """The text as a column holds it and, if it is one, as the number that JSON reads."""
    document = text
    if "\ud800" in text:
        document = json.dumps(text)
    else:
        yield ["number_text", text, *number_results(text)]
    value = loads(document)
    if value is not None:
        yield ["number_json", document, *number_results(value)]


def text_rows(text):
    yield ["strip", text, text.strip()]
    yield ["lower", text, text.lower()]
    yield ["truncate", text, *(text[:length] for length in (0, 1, 3))]


def string_rows(document):
    value = loads(document)
    if isinstance(value, str):
        prefixes = (canonical(value[:length]) for length in (0, 1, 2))
        yield ["truncate_json", document, len(value), *prefixes]


def digest_rows():
    """Properties of all characters, reduced to one number each."""
    changed = [c for c in characters() if c.lower() != c]
    yield ["lower_digest", fnv1a((c + c.lower()).encode() for c in changed)]
    for pattern in ("A\u03a3%s", "A\u03a3%sA", "%s\u03a3", "A%s\u03a3"):
        final = (c for c in characters() if "\u03c2" in (pattern % c).lower().replace(c, "", 1))
        yield ["sigma_digest", pattern, fnv1a(c.encode() for c in final)]
    yield ["space_digest", fnv1a(c.encode() for c in characters() if not c.strip())]
    digits = (c for c in characters() if unicodedata.decimal(c, None) is not None)
    yield ["digit_digest", fnv1a(f"{c}{unicodedata.decimal(c)}".encode() for c in digits)]


def table(rng, random_cases):
    yield from digest_rows()
    for document in DOCUMENTS:
        yield ["loads", document, loads_row(document)]
        yield from string_rows(document)
    for document in NOT_NUMBERS:
        yield ["number_json", document, *number_results(json.loads(document))]
    for text in NUMBERS + [str(integer) for integer in INTEGERS]:
        yield from number_rows(text)
    for value in FLOATS:
        yield ["token_count_float", float_bits(value), token_count_or_none(value)]
    for text in TEXTS:
        yield from text_rows(text)
    for _ in range(random_cases):
        yield from random_rows(rng)


def random_rows(rng):
    document = random_document(rng)
    if rng.random() < 0.4:
        document = mutate(rng, document, '[]{},:"\\0-.eu \n\x00\x1f\xa0a')
    yield ["loads", document, loads_row(document)]
    yield from number_rows(random_number_text(rng))
    value = random_float(rng)
    yield ["token_count_float", float_bits(value), token_count_or_none(value)]
    text = random_text(rng)
    yield rng.choice(list(text_rows(text)))
    yield from string_rows(random_string_literal(rng))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=250, help="number of rounds of random cases")
    parser.add_argument("--seed", type=int, default=75868)
    arguments = parser.parse_args()
    if unicodedata.unidata_version != UNICODE_VERSION:
        sys.exit(f"needs a Python with Unicode {UNICODE_VERSION}: Python 3.11")
    written = set()
    for row in table(random.Random(arguments.seed), arguments.random):
        line = json.dumps(row, separators=(",", ":"))
        if line not in written:
            written.add(line)
            print(line)


if __name__ == "__main__":
    main()
