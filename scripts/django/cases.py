"""Small source trees, each after one thing that Django does with names and references. Real Django says what comes of them."""

import dataclasses
import hashlib

CASES = []

PNG, SVG, FONT, MAP = "a picture\n", "<svg/>\n", "a font\n", '{"version":3}\n'


@dataclasses.dataclass(frozen=True)
class Case:
    """One tree and the settings it is collected under.

    `fails`: words that the error must hold where Django fails: the file, and the reference as it stands or what it resolves to.
    `warned`: words that a warning must hold where Django leaves something that is not right.
    `gives_up`: Django fails by its limit of passes alone, or since it comes to the file that refers before the other.
    `refused`: Django succeeds, and what it leaves is wrong; the words of s3collect's error.
    """

    name: str
    files: dict
    sources: list = dataclasses.field(default_factory=list)
    js_modules: bool = False
    static_url: str = "/static/"
    default_ignore: bool = True
    fails: list = dataclasses.field(default_factory=list)
    warned: list = dataclasses.field(default_factory=list)
    gives_up: bool = False
    refused: list = dataclasses.field(default_factory=list)

    def all_sources(self):
        """(prefix, files), in order of precedence."""
        return [("", self.files)] * bool(self.files) + self.sources


def case(name, files, **options):
    CASES.append(Case(name, files, **options))


def css(name, text, *targets, **options):
    """A case of one style sheet, `css/site.css`, and files that it may refer to."""
    files = {"css/site.css": text} | {target: f"this is {target}\n" for target in targets}
    case(f"css_{name}", files, **options)


def js(name, text, *targets, **options):
    """A case of one script, `js/site.js`, and files that it may refer to."""
    files = {"js/site.js": text} | {target: f"// this is {target}\n" for target in targets}
    case(f"js_{name}", files, **options)


def module(name, text, *targets, **options):
    """A case of one script of which modules are aggregated."""
    js(f"module_{name}", text, *targets, js_modules=True, **options)


def names(name, found, **options):
    case(f"name_{name}", {entry: f"this is {number}\n" for number, entry in enumerate(found)}, **options)


# Plain files.
case("plain", {"robots.txt": "User-agent: *\n", "img/logo.svg": SVG, "img/deep/er/a.png": PNG, "a.bin": bytes(range(256))})
case("plain_empty", {"empty.txt": "", "empty.css": "", "empty.js": "", "sub/empty": ""})
case("plain_nul", {"a.bin": b"\0a\0", "a.css": "a{}\0b{}\n", "a.js": "'\0'\n"})
case("plain_equal", {"a.txt": "same\n", "b.txt": "same\n", "sub/a.txt": "same\n"})
case("plain_references_elsewhere", {"page.html": '<a href="missing.png">url(missing.png)', "a.svg": "<svg>url(missing.png)</svg>",
                                    "a.mjs": "import './missing.js';\n", "a.scss": "@import 'missing';", "a.css.map": MAP})
case("ignored", {"a.txt": "a", ".hidden": "b", "CVS": "c", "sub/CVS/Entries": "d", "x~": "e", ".git/config": "f", "cvs": "g"})
case("ignored_is_missing", {"a.css": "a{background:url(.hidden.png)}", ".hidden.png": PNG}, fails=["a.css", ".hidden.png"])
case("manifest_among_sources", {"staticfiles.json": "{}", "sub/staticfiles.json": "{}", "a.txt": "a"}, warned=["staticfiles.json"])
case("manifest_among_sources_is_no_json", {"staticfiles.json": "no JSON", "a.css": "a{background:url(staticfiles.json)}"},
     warned=["staticfiles.json"])
case("manifest_referred_to", {"a.css": "a{background:url(staticfiles.json)}"}, fails=["a.css", "staticfiles.json"])

# Names: hashed as if they were URLs.
names("fragment", ["a#b.txt", "#x.txt", "a#", "sub#dir/a.txt", "a##b.txt", "a.b#c.d"])
names("query", ["a?b.txt", "?x.txt", "a?", "a.txt?v=1", "sub?dir/a.txt", "a?#b.txt", "a?b#c.txt", "a??b.txt"])
names("percent", ["a%20b.txt", "%FF.txt", "%.txt", "%zz.txt", "100%.txt", "%2520.txt", "%C3%A9.txt", "%e6%97.txt", "a%23b.txt", "a%3Fb.txt"])
names("percent_folder", ["a%2Fb.txt", "sub%20dir/a.txt", "c%2F", "x%2Fy%2Fz.css", "d/e%2F..%2Ff.txt", "g%5Ch.txt"])
names("percent_control", ["a%09b.txt", "a%0Ab.txt", "a%0D.txt", "%20a.txt", "a.txt%20", "%1Fa.txt"])
names("percent_above_root", ["%2e%2e%2fescape.txt"], fails=["%2e%2e%2fescape.txt"])
names("percent_absolute", ["%2Fetc%2Fx.txt"], fails=["%2Fetc%2Fx.txt"])
names("percent_nul", ["a%00.txt"], fails=["a%00.txt"])
names("percent_host", ["%2F%2Fhost%2Fx.txt"], fails=["%2F%2Fhost%2Fx.txt"])
names("percent_bad_host", ["http:%2F%2F%5B.txt"], fails=["http:%2F%2F%5B.txt"])
names("percent_beside_plain", ["a%20b.txt", "a b.txt"])
names("scheme", ["HTTP:x.txt", "c:drive.css", "c:.css", "data:x.txt", "a:b:c.txt", "1:x.txt", "x:", "mailto:x.txt", "sub/http:x.txt", ":x.txt",
                 "Mailto:y.txt", "file:z.txt", "tel:+1.txt"])
names("blanks", [" lead.txt", "trail.txt ", "mid dle.txt", "sub dir/a b.css", "dir /x.txt", " dir/x.txt", "x .txt", "  two.txt"])
names("blanks_unicode", ["\u00a0lead.txt", "trail.txt\u3000", "a\u2028b.txt", "\u2003x\u2003", "\ufefflead.txt", "\u200blead.txt"])
names("control", ["a\tb.txt", "a\nb.txt", "a\rb.txt", "\x01x.txt", "x\x1f", "\x7f.txt", "a\x0bb.txt", "\x1cx.txt", "a\x85"])
names("dots", [".htaccess", "noext", "a.tar.gz", "a..b", "end.", "..a", "...", "dir.d/noext", ".well-known/x", ".css", "..css", ".a.b",
               "x.min.css.map", "a.b.c.d.e"], default_ignore=False)
names("non_ascii", ["caf\u00e9.css", "cafe\u0301.js", "\u65e5\u672c\u8a9e.txt", "\U0001f3fa.svg", "\ufffd.txt", "\u0130.TXT", "\u00e9/\u00e8.txt",
                    "zz.txt", "\uff0f.txt", "\u2100.txt"])
names("punctuation", ["it's.txt", 'a"b.txt', "par(1).txt", "a;b=1.txt", "a&b.txt", "a+b.txt", "*.txt", "[x].txt", "{y}.txt", "a|b.txt", "$a.txt",
                      "~a.txt", "^`.txt", "@2x.png", "-a.txt", "--out", "!a.txt", "a,b.txt", "<a>.txt", "a=b"])
names("backslash", ["back\\slash.txt", "back\\slash.css"])
case("name_upper_case", {"A.CSS": "a{background:url(missing.png)}", "B.JS": "//# sourceMappingURL=missing.map\n", "c.Css": "@import 'no'",
                         "d.MJS": "import './no.js';", "e.css": "@import 'A.CSS';@import 'c.Css';", "LATIN.CSS": b"\xe9"})
case("name_folder_like_a_sheet", {"x.css/plain.txt": "url(missing.png)", "x.css/y.css": "a{background:url(plain.txt)}", "z.js/a.bin": b"\xff"})
case("name_of_sheet", {"a#b.css": "a{background:url(i.png)}", "a b.css": "a{background:url(i.png)}", "c%20d.css": "a{background:url(i.png)}",
                       "e%2Ff.css": "a{background:url(i.png)}", "g?h.css": "a{background:url(i.png)}", "HTTP:j.css": "a{background:url(i.png)}",
                       "caf\u00e9/k.css": "a{background:url(../i.png)}", "i.png": PNG})
case("name_of_sheet_in_odd_folder", {"sub#x/l.css": "a{background:url(i.png)}", "sub#x/i.png": PNG}, fails=["sub#x/l.css", "i.png"])
case("name_of_sheet_in_percent_folder", {"sub%20x/l.css": "a{background:url(i.png)}", "sub%20x/i.png": PNG}, fails=["sub%20x/l.css", "i.png"])
HASH = hashlib.md5(PNG.encode()).hexdigest()[:12]
case("clash_equal", {"a%20b.txt": PNG, "a b.txt": PNG}, warned=[f"a b.{HASH}.txt"])
case("clash_hashed_source_equal", {"a.txt": PNG, f"a.{HASH}.txt": PNG}, warned=[f"a.{HASH}.txt"])
case("clash_hashed_source", {"a.txt": PNG, f"a.{HASH}.txt": "other\n"}, refused=[f"a.{HASH}.txt", "`a.txt`"])
case("clash_hashed_sheet", {"a.css": PNG, f"a.{HASH}.css": "other\n"}, refused=[f"a.{HASH}.css", "`a.css`"])

# `url()`.
css("url_bare", "a{background:url(../img/a.png)}\n", "img/a.png")
css("url_quotes", "a{background:url(\"../img/a.png\")}\nb{background:url('../img/a.png')}\n", "img/a.png")
css("url_mismatched_quotes", "a{b:url(\"../a.png')}\na{b:url('../a.png\")}\na{b:url(\"../a.png)}\na{b:url(../a.png')}\n", "a.png")
css("url_blanks", "a{b:url( ../a.png)}a{b:url(../a.png )}a{b:url( ../a.png )}a{b:url(\t../a.png\t)}a{b:url('  ../a.png  ')}a{b:url(\"../a.png \")}\n", "a.png")
css("url_blanks_unicode", "a{b:url(\u00a0../a.png\u00a0)}a{b:url(\u3000../a.png)}a{b:url(\x1c../a.png)}a{b:url(\x1f../a.png\x1f)}a{b:url(\x85../a.png)}\n", "a.png")
css("url_blank_before_quote", "a{b:url( \"../a.png\" )}\n", "a.png", fails=["css/site.css", "a.png"])
css("url_blank_after_quote", "a{b:url(\"../a.png\" )}\n", "a.png", fails=["css/site.css", "a.png"])
css("url_upper_case", "a{b:URL(../a.png)}a{b:Url('../a.png')}a{b:uRL(\"../a.png\")}\n", "a.png")
css("url_newlines", "a{b:url(\n../a.png)}a{b:url(\n  '../a.png'\n)}a{b:url(\"../a.png\"\n)}a{b:url(../a.png\n)}a{b:url('\n../a.png')}a{b:url(../a.\npng)}\n", "a.png")
css("url_no_word_boundary", "a{b:my-url(../a.png);c:curl(../a.png);--url:url (../a.png);d:url\\(../a.png)}\n", "a.png")
css("url_several", "a{b:url(../a.png),url(../b.png) no-repeat,url('../a.png')}b{c:url(../b.png)}\n", "a.png", "b.png")
css("url_unclosed", "a{b:url(../a.png}\nb{c:url(../a.png)}\nc{d:url(", "a.png")
css("url_parentheses", "a{b:url('../a(1).png')}\n", "a(1).png", fails=["css/site.css", "a(1"])
css("url_escape", "a{b:url(../a\\ b.png)}\n", "a b.png", fails=["css/site.css", "a\\ b.png"])
css("url_backslash", "a{b:url(..\\a.png)}\n", "a.png", fails=["css/site.css", "..\\a.png"])
css("url_backslash_folder", "a{b:url(sub\\a.png)}\n", "css/sub/a.png", warned=["css/site.css", "sub\\a.png"])
css("url_percent_sign", "a{b:url(../100%.png);width:100%}%s %(url)s\n", "100%.png")
css("url_image_set", "a{b:image-set('../a.png' 1x, url(../a.png) 2x, \"missing.png\" 3x)}\n", "a.png")
css("url_functions", "@font-face{src:local('x'),url(../f.woff2)format('woff2'),url('../f.woff')format('woff')}@namespace url(http://w3.org/1);\n",
    "f.woff2", "f.woff")
css("url_in_comment", "/* url(../a.png) and // url('../a.png') */\n", "a.png")
css("url_in_comment_missing", "/* url(missing.png) */\n", fails=["css/site.css", "missing.png"])
css("url_in_string", "a::before{content:\"url(../a.png)\"}\n", "a.png")
css("url_empty", "a{b:url();c:url(\"\");d:url('');e:url( );f:url(\" \")}\n")
css("url_only_fragment", "a{b:url(#x);c:url(\"#x\");d:url('#a/b');e:url(#)}\n")
css("url_only_query", "a{b:url(?x);c:url('?')}\n")
case("css_url_only_query_in_root", {"a.css": "a{b:url(?x)}\n"}, warned=["?x"])
css("url_nested", "a{b:url(url(../a.png))}\n", "a.png", fails=["css/site.css", "url("])
css("url_long_line", "".join(f".a{number}{{b:url(../{number % 3}.png)}}" for number in range(200)), "0.png", "1.png", "2.png")

# Fragments and queries.
css("fragment", "a{b:url(../a.svg#icon);c:url('../a.svg#a/b');d:url(../a.svg#);e:url(../a.svg#a?b);f:url(../a.svg#a#b);g:url(../a.svg#%20x)}\n", "a.svg")
css("iefix", "a{b:url(../x.eot?#iefix);c:url('../x.eot?iefix');d:url(../x.eot?#);e:url(../x.eot?v=1#iefix);f:url(../x.eot?v=1?#iefix)}\n", "x.eot")
css("query", "a{b:url(../a.png?v=1);c:url('../a.png?');d:url(../a.png?a=1&b=2);e:url(../a.png?v=a%20b);f:url(../a.png?v=%2F);g:url(../a.png?a?b)}\n", "a.png")
css("query_slash", "a{b:url(../a.png?v=1/2)}\n", "a.png")
css("query_missing", "a{b:url(../a.png?v=/b.png)}\n", fails=["css/site.css", "a.png"])
case("query_of_rewritten", {"a.css": "@import 'b.css?v=1';\n", "b.css": "a{b:url(c.png)}\n", "c.png": PNG}, warned=["a.css", "b.css?v=1"])
case("query_of_plain_sheet", {"a.css": "@import 'b.css?v=1';@import url(b.css?v=2);\n", "b.css": "a{}\n"})
case("blank_of_rewritten", {"a.css": "@import url( b.css );\n", "b.css": "a{b:url(c.png)}\n", "c.png": PNG}, warned=["a.css", "b.css "])

# `@import`.
css("import_forms", "@import \"a.css\";\n@import 'a.css';\n@import'a.css';\n@import \t 'a.css' ;\n@import\n\n'a.css';\n@import ' a.css';\n@import url(a.css);\n"
    "@import url('a.css');\n@IMPORT 'a.css';\n@Import URL(\"a.css\");\n@import \"a.css'\n", "css/a.css")
css("import_media", "@import 'a.css' screen and (min-width: 1px);\n@import url(a.css) print;\n@import 'a.css' layer(x) supports(display: grid);\n", "css/a.css")
css("import_trailing_blank", "@import 'a.css ';\n", "css/a.css")
css("import_newline_in_string", "@import 'a\n.css';\n@import '\na.css';\n", "css/a.css")
css("import_dotless", "@\u0131mport 'a.css';\n@\u0130mport 'a.css';\n", "css/a.css")
css("import_of_text_with_url", "@import \"url(a.css)\";\n", "css/a.css", fails=["css/site.css", "url("])
css("import_in_comment", "/* @import 'a.css'; */\n", "css/a.css")
css("import_bare_folder", "@import 'sub';\n", "css/sub/a.css", warned=["css/site.css", "sub"])
css("import_elsewhere", "@import 'https://example.org/a.css';\n@import \"//example.org/a.css\";\n@import '/other/a.css';\n@import '';\n")

# Source maps.
css("map", "a{}\n/*# sourceMappingURL=site.css.map */\n", "css/site.css.map")
css("map_no_newline", "a{}\n/*# sourceMappingURL=site.css.map*/", "css/site.css.map")
css("map_blanks", "/*#\tsourceMappingURL=site.css.map   */\n/*# sourceMappingURL=site.css.map\t*/\n", "css/site.css.map")
css("map_not_matched", "/*@ sourceMappingURL=no */\n/*# sourcemappingurl=no */\n /*# sourceMappingURL=no */\na{}/*# sourceMappingURL=no */\n"
    "/*# sourceMappingURL=no */ \n/*#sourceMappingURL=no */\n/*#  sourceMappingURL=no */\n/*# sourceMappingURL=no\n*/\n")
css("map_blank_before", "/*# sourceMappingURL= site.css.map */\n", "css/site.css.map", fails=["css/site.css", " site.css.map"])
css("map_crlf", "a{}\r\n/*# sourceMappingURL=missing.map */\r\n")
css("map_crlf_end", "a{}\r\n/*# sourceMappingURL=site.css.map */", "css/site.css.map")
css("map_lone_cr", "a{}\r/*# sourceMappingURL=missing.map */\r")
css("map_data", "/*# sourceMappingURL=data:application/json;base64,e30= */\n")
css("map_missing", "/*# sourceMappingURL=site.css.map */\n", fails=["css/site.css", "site.css.map"])
css("map_two_ends", "/*# sourceMappingURL=site.css.map */ a{} /* */\n", fails=["css/site.css", "site.css.map"])
css("map_of_url", "/*# sourceMappingURL=url(site.css.map) */\n", "css/site.css.map", fails=["css/site.css", "url("])
css("map_query_fragment", "/*# sourceMappingURL=site.css.map?v=1 */\n/*# sourceMappingURL=site.css.map#x */\n", "css/site.css.map")
js("map", "a();\n//# sourceMappingURL=site.js.map\n", "js/site.js.map")
js("map_no_newline", "a();\n//# sourceMappingURL=site.js.map", "js/site.js.map")
js("map_crlf", "a();\r\n//# sourceMappingURL=site.js.map\r\nb();\r\n", "js/site.js.map")
js("map_crlf_end", "a();\r\n//# sourceMappingURL=site.js.map\r\n", "js/site.js.map")
js("map_lone_cr", "a();\r//# sourceMappingURL=missing.map\r")
js("map_blank_before", "//# sourceMappingURL= site.js.map\n", "js/site.js.map", fails=["js/site.js", " site.js.map"])
js("map_blanks", "//# sourceMappingURL=site.js.map \n//# sourceMappingURL=site.js.map\t\n", "js/site.js.map")
js("map_not_matched", "//@ sourceMappingURL=no\n//# sourcemappingurl=no\n //# sourceMappingURL=no\na();//# sourceMappingURL=no\n//#sourceMappingURL=no\n"
   "//#\tsourceMappingURL=no\n/*# sourceMappingURL=no */\n/# sourceMappingURL=no\n")
js("map_data", "//# sourceMappingURL=data:application/json;base64,e30=\n")
js("map_elsewhere", "//# sourceMappingURL=https://example.org/a.map\n//# sourceMappingURL=/maps/a.map\n//# sourceMappingURL=//example.org/a.map\n")
js("map_empty", "//# sourceMappingURL=\na();\n")
js("map_missing", "a();\nb();\n//# sourceMappingURL=site.js.map\n", fails=["js/site.js", "site.js.map"])
js("map_placeholder", "const t = `\n//# sourceMappingURL=${name}.map\n`;\n", fails=["js/site.js", "${name}.map"])
js("map_several", "//# sourceMappingURL=site.js.map\n//# sourceMappingURL=../maps/site.js.map\n//# sourceMappingURL=/static/maps/site.js.map\n",
   "js/site.js.map", "maps/site.js.map")
js("untouched", "import './missing.js';\nexport * from './missing.js';\nimport('./missing.js');\nconst s = 'url(missing.png)';\n// @import 'missing';\n")

# Where references lead.
css("percent", "a{b:url(../my%20pic.png);c:url('../my pic.png');d:url(../caf%C3%A9.png);e:url(../caf\u00e9.png);f:url(../%6dy%20pic.png)}\n",
    "my pic.png", "caf\u00e9.png")
css("percent_slash", "a{b:url(../img%2Fa.png)}\n", "img/a.png", warned=["css/site.css", "img%2Fa.png"])
css("percent_dots", "a{b:url(%2e%2e/a.png)}\n", "a.png")
css("percent_query", "a{b:url(../a.png%3Fv=1)}\n", "a.png")
css("percent_hash", "a{b:url(../a%23b.png)}\n", "a#b.png", fails=["css/site.css", "a%23b.png"])
css("percent_hash_of_other", "a{b:url(../a.png%23b)}\n", "a.png")
css("percent_twice", "a{b:url(sub/a%2520b.png)}\n", "css/sub/a%20b.png")
css("percent_thrice", "a{b:url(sub/a%252520b.png)}\n", "css/sub/a%2520b.png", warned=["css/site.css", "a%252520b.png"])
css("percent_invalid", "a{b:url(sub/%25FF.png);c:url(sub/%25zz.png);d:url(sub/%zz.png)}\n", "css/sub/%FF.png", "css/sub/%zz.png")
# Names that do not survive being parsed again are found only where they were hashed before the file that refers to them, so below it.
css("percent_twice_above", "a{b:url(../a%2520b.png)}\n", "a%20b.png", gives_up=True)
css("blank_before_above", "a{b:url(../%20a.png)}\n", " a.png", gives_up=True)
css("blank_before_below", "a{b:url(sub/%20a.png)}\n", "css/sub/ a.png")
css("percent_nul", "a{b:url(../a%00.png)}\n", "a.png", fails=["css/site.css", "a%00.png"])
css("percent_invalid_utf8", "a{b:url(../%FF.png)}\n", "%FF.png", fails=["css/site.css", "%FF.png"])
css("dots", "a{b:url(./a.png);c:url(../css/a.png);d:url(x/../a.png);e:url(.././css/./a.png);f:url(sub//a.png);g:url(sub/./a.png)}\n", "css/a.png", "css/sub/a.png")
css("dots_above_root", "a{b:url(../../a.png)}\n", "a.png", fails=["css/site.css", "../../a.png"])
css("dots_above_root_and_back", "a{b:url(../../static/a.png)}\n", "a.png", fails=["css/site.css", "../../static/a.png"])
css("dots_above_static_url", "a{b:url(/static/../a.png)}\n", "a.png", fails=["css/site.css", "/static/../a.png"])
css("static_url", "a{b:url(/static/a.png);c:url('/static/css/../a.png');d:url(/static/a.png?v=1#x)}\n", "a.png")
css("static_url_twice", "a{b:url(/static//a.png)}\n", "a.png", fails=["css/site.css", "/static//a.png"])
css("static_url_itself", "a{b:url(/static/);c:url(/static);d:url(/static/?x)}\n", warned=["/static/"])
css("static_url_missing", "a{b:url(/static/css/a.png)}\n", "a.png", fails=["css/site.css", "css/a.png"])
css("absolute_elsewhere", "a{b:url(/a.png);c:url(/);d:url('/staticfiles/a.png');e:url(/STATIC/a.png);f:url(//static/a.png)}\n")
css("protocol_relative", "a{b:url(//example.org/a.png);c:url(\"//a\");d:url(//);e:url(///a.png)}\n")
css("schemes", "a{b:url(http://example.org/a.png);c:url('https://example.org/a.png');d:url(about:blank);e:url(blob:x);f:url(c:a.png)}\n")
css("data", "a{b:url(data:image/png;base64,iVBORw0=);c:url(\"data:image/svg+xml,%3Csvg fill='url(#a)'/%3E\");d:url('data:,a;b c')}\n")
css("data_with_url_inside", "a{b:url(\"data:image/svg+xml,<svg fill='url(#a)' x='url(#b)'/>\")}\n")
css("data_upper_case", "a{b:url(DATA:image/png;base64,iVBORw0=)}\n", fails=["css/site.css", "DATA:image/png;base64,iVBORw0="])
css("scheme_upper_case", "a{b:url(Http://example.org/a.png)}\n", fails=["css/site.css", "Http://example.org/a.png"])
css("scheme_hyphen", "a{b:url(chrome-extension://x/a.png)}\n", fails=["css/site.css", "chrome-extension://x/a.png"])
css("scheme_bad_host", "a{b:url(X://[)}\n", fails=["css/site.css", "X://["])
case("static_url_is_full", {"css/a.css": "a{b:url(/static/i.png);c:url(https://cdn.example/s/i.png);d:url(../i.png);e:url(/s/i.png)}\n", "i.png": PNG},
     static_url="https://cdn.example/s/")
case("static_url_is_other", {"css/a.css": "a{b:url(/static/i.png);c:url(/assets/v1/i.png);d:url(/assets/i.png)}\n", "i.png": PNG}, static_url="/assets/v1/")
case("static_url_is_root", {"css/a.css": "a{b:url(/i.png);c:url(/css/../i.png)}\n", "i.png": PNG}, static_url="/")
case("static_url_has_blank", {"css/a.css": "a{b:url('/my static/i.png');c:url(/my%20static/i.png)}\n", "i.png": PNG}, static_url="/my static/")

# Directories.
css("directory", "a{b:url(../img);c:url('../img')}\n", "img/a.png", warned=["css/site.css", "../img"])
css("directory_slash", "a{b:url(../img/);c:url(missing/);d:url(./);e:url('../');f:url(img/?x);g:url(img/#x)}\n", "img/a.png")
css("directory_slash_query", "a{b:url(../a.png?x/);c:url(../a.png/)}\n", "a.png")
css("directory_dots", "a{b:url(..);c:url(.);d:url(../css)}\n", warned=["css/site.css", ".."])
css("directory_query", "a{b:url(../img?x);c:url(../img#x)}\n", "img/a.png", warned=["css/site.css", "../img"])
case("directory_shared_by_sources", {"css/a.css": "a{b:url(../img)}\n"}, sources=[("", {"img/a.png": PNG})], warned=["css/a.css", "../img"])

# Missing, several at once.
case("missing", {"a.css": "a{b:url(img/hero.webp)}\n", "img/hero.png": PNG}, fails=["a.css", "img/hero.webp"])
case("missing_several", {"a.css": "a{b:url(one.png)}\n\nb{c:url(two.png)}\n", "sub/b.css": "@import 'three.css';\n", "c.js": "//# sourceMappingURL=four.map\n"},
     fails=["a.css", "one.png", "two.png", "sub/b.css", "three.css", "c.js", "four.map"])
case("missing_case", {"a.css": "a{b:url(Hero.png)}\n", "hero.png": PNG}, fails=["a.css", "Hero.png"])
case("missing_in_prefix", {}, sources=[("vendor/x", {"a.css": "a{b:url(../b.png)}\n", "b.png": PNG})], fails=["vendor/x/a.css", "../b.png"])
case("missing_long", {"a.css": f"a{{b:url({'x' * 300}.png)}}\n"}, fails=["a.css"])
case("generated_name_referred_to", {"a.css": f"a{{b:url(img/a.{HASH}.png)}}\n", "img/a.png": PNG}, refused=["a.css", f"img/a.{HASH}.png"])

# Encodings.
case("encoding_bom", {"a.css": b"\xef\xbb\xbf@import 'b.css';\n", "b.css": b"\xef\xbb\xbf/*# sourceMappingURL=missing */\n", "a.js": b"\xef\xbb\xbf//# sourceMappingURL=x\n"})
case("encoding_latin1", {"a.css": b"a{content:'\xe9'}\n"}, fails=["a.css", "11"])
case("encoding_latin1_js", {"js/a.js": b"// caf\xe9\n"}, fails=["js/a.js", "6"])
case("encoding_utf16", {"a.css": "a{}".encode("utf-16")}, fails=["a.css", "0"])
case("encoding_truncated", {"a.css": b"a{}\xe6\x97"}, fails=["a.css", "3"])
case("encoding_overlong", {"a.css": b"ab\xc0\xaf"}, fails=["a.css", "2"])
case("encoding_surrogate", {"a.css": b"\xed\xa0\x80"}, fails=["a.css", "0"])
case("encoding_binary", {"a.css": bytes(range(256))}, fails=["a.css", "128"])
case("encoding_astral", {"a.css": "a{content:'\U0001f3fa';b:url(\U0001f3fa.png)}\n", "\U0001f3fa.png": PNG})
case("crlf", {"a.css": "@import 'b.css';\r\na{b:url(c.png);\r\nd:url(\r\nc.png)}\r\n", "b.css": "a{}\r\n", "c.png": PNG})

# The graph.
case("self_reference", {"a.css": "a{b:url(a.css)}\n"}, fails=["a.css"])
case("self_import", {"css/a.css": "@import '../css/a.css';\n"}, fails=["css/a.css"])
case("self_fragment", {"a.css": "a{behavior:url(a.css#x)}\n"}, fails=["a.css"])
case("self_query", {"a.css": "a{b:url(a.css?x)}\n"}, warned=["a.css", "a.css?x"])
case("self_map", {"a.js": "//# sourceMappingURL=a.js\n"}, fails=["a.js"])
case("cycle_of_two", {"a.css": "@import 'b.css';\n", "b.css": "@import 'a.css';\n"}, fails=["a.css", "b.css"])
case("cycle_of_three", {"a.css": "@import 'x/b.css';\n", "x/b.css": "@import '../c.css';\n", "c.css": "@import 'a.css';\n", "d.css": "@import 'a.css';\n"},
     fails=["a.css", "x/b.css", "c.css"])
case("cycle_of_modules", {"a.js": "import {b} from './b.js';\n", "b.js": "import {a} from './a.js';\n"}, js_modules=True, fails=["a.js", "b.js"])
case("cycle_by_query", {"a.css": "@import 'b.css?x';\n", "b.css": "@import 'a.css';\n"}, warned=["a.css", "b.css?x"])
case("diamond", {"a.css": "@import 'b.css';@import 'c.css';", "b.css": "@import 'd.css';", "c.css": "@import 'd.css';", "d.css": "a{b:url(e.png)}", "e.png": PNG})


def chain(links, order="falling", folders=False):
    """Files of which each imports the next: names fall or rise along the chain, or lie deeper and deeper."""
    numbers = range(links) if order == "falling" else range(links, 0, -1)
    stems = [("d/" * index if folders else "") + f"{number:02}.css" for index, number in enumerate(numbers)]
    files = {stem: f"@import '/static/{following}';\n" for stem, following in zip(stems, stems[1:])}
    return files | {stems[-1]: "a{b:url(/static/end.png)}\n", "end.png": PNG}


for links in (3, 4, 5):
    case(f"chain_{links}_falling", chain(links))
    case(f"chain_{links}_rising", chain(links, "rising"))
case("chain_12", chain(12), gives_up=True)
case("chain_12_deeper", chain(12, folders=True))
case("chain_12_shallower", {"d/" * (11 - index) + "a.css": "@import '../a.css';" if index < 11 else "" for index in range(11)}
     | {"a.css": "a{b:url(end.png)}\n", "end.png": PNG}, gives_up=True)
case("chain_40", chain(40), gives_up=True)

# Prefixes and precedence.
case("prefix", {"css/a.css": "a{b:url(../vendor/x/img/b.png)}\n"},
     sources=[("vendor/x", {"img/b.png": PNG, "c.css": "@import '../../css/a.css';a{b:url(img/b.png)}\n"}), ("vendor", {"x/img/b.png": "shadowed", "d.txt": "d"})],
     warned=["x/img/b.png", "hidden"])
case("precedence", {"a.css": "a{b:url(b.png)}\n"}, sources=[("", {"a.css": "shadowed: url(missing)", "b.png": "first"}), ("", {"b.png": "second", "c.txt": "c"})],
     warned=["b.png", "hidden"])

# Modules.
module("import", "import a from './a.js';\nimport {b, c as d} from \"./a.js\";\nimport * as e from './a.js';\nimport f, {g} from '../js/a.js';\n", "js/a.js")
module("import_tight", "import{a}from'./a.js';import*as b from'./a.js';import c from\"./a.js\";import\t{d}\tfrom\t'./a.js'\t;\n", "js/a.js")
module("import_multi_line", "import {\n  a,\n  b\n} from './a.js';\nimport\n  c\nfrom\n  './a.js'\n;\n", "js/a.js")
module("import_bare", "import './a.js';\nimport\"./a.js\";import'./a.js' ;import\n'./a.js';\n", "js/a.js")
module("import_bare_then_named", "import './a.js';\nimport {b} from './b.js';\n", "js/a.js", "js/b.js")
module("import_no_semicolon", "import a from './a.js'\nimport './a.js'\nexport * from './a.js'\n", "js/a.js")
module("import_some_semicolons", "import a from './a.js'\nimport b from './b.js';\nimport './a.js'\nimport './b.js';\n", "js/a.js", "js/b.js")
module("import_package", "import a from 'react';\nimport 'react';\nimport b from './a.js';\nexport * from 'react';\n", "js/a.js")
module("import_absolute", "import a from '/static/js/a.js';\nimport b from '/other/a.js';\nimport '/static/js/a.js';\nimport('/other/a.js');\n", "js/a.js")
module("import_elsewhere", "import a from 'https://example.org/a.js';\nimport('https://example.org/a.js');\nimport '//example.org/a.js';\n")
module("import_upper_case", "IMPORT a FROM './a.js';\n\u0131mport b from './a.js';\n", "js/a.js")
module("import_identifier", "import*as a\u203fb from './a.js';\nimport*as e\u0301 from './a.js';\nimport*as caf\u00e9 from './a.js';\n", "js/a.js")
module("import_identifier_1", "import*as caf\u00e9 from './a.js';\n", "js/a.js")
module("import_identifier_2", "import*as a\u203fb from './a.js';\n", "js/a.js")
module("import_identifier_3", "import*as e\u0301 from './a.js';\n", "js/a.js")
module("import_query", "import a from './a.js?v=1';\nimport './a.js#x';\n", "js/a.js")
module("import_attributes", "import a from './a.json' with {type: 'json'};\nimport b from './b.js';\n", "js/a.json", "js/b.js")
module("import_mismatched", "import a from './a.js\";\nimport './a.js\";\n", "js/a.js")
module("import_missing", "import a from './a.js';\n", fails=["js/site.js", "a.js"])
module("import_missing_folder", "import a from './lib/';\nimport './lib/';\n")
module("import_many_on_line", "import a from './a.js';import b from './b.js';import './a.js';import('./b.js');import c from './a.js';\n", "js/a.js", "js/b.js")
module("export", "export * from './a.js';\nexport {b} from \"./a.js\";\nexport * as c from './a.js';\nexport{d}from'./a.js';\nexport {\n  e\n} from './a.js';\n", "js/a.js")
module("export_local_then_from", "export const a = 1;\nexport default a;\nexport {b} from './a.js';\n", "js/a.js")
module("export_star_tight", "export* from './a.js';\n", "js/a.js")
module("dynamic", "import('./a.js');import(\"./a.js\").then(x);const m = await import('./a.js');import( './a.js');import('./a.js' );import(`./a.js`);import(a);\n", "js/a.js")
module("dynamic_package", "import('react');\n", fails=["js/site.js", "react"])
module("dynamic_relative", "import('a.js');\n", "js/a.js")
module("dynamic_empty", "import('');\nimport(\"\")\n")
module("in_comment", "// import {a} from './a.js';\n/* import './a.js'; */\n/* import('./a.js') */\n", "js/a.js")
module("in_string", "const s = \"import {q} from './a.js';\";\n", "js/a.js")
module("with_map", "import {a} from './a.js';\n//# sourceMappingURL=site.js.map\n", "js/a.js", "js/site.js.map")
module("crlf", "import {a} from './a.js';\r\nimport './a.js';\r\n//# sourceMappingURL=site.js.map\r\n", "js/a.js", "js/site.js.map")
case("js_module_graph", {"main.js": "import {a} from './lib/a.js';\nimport './lib/b.js';\n", "lib/a.js": "export {c} from './c.js';\nexport const a = 1;\n",
                         "lib/b.js": "const c = import('./c.js');\n", "lib/c.js": "export const c = 1;\n//# sourceMappingURL=c.js.map\n", "lib/c.js.map": MAP},
     js_modules=True)
case("js_module_of_rewritten_with_query", {"a.js": "import b from './b.js?v=1';\n", "b.js": "import c from './c.js';\n", "c.js": "1\n"}, js_modules=True,
     warned=["a.js", "./b.js?v=1"])
case("js_module_css_untouched", {"a.css": "import './missing.js';\nb{c:url(d.png)}\n", "d.png": PNG}, js_modules=True)
# The pattern of imports takes all from the first `import` to the last `from`, and that of exports finds the hashed name in it.
case("js_module_export_after_import", {"main.js": "import './lib/b.js';\nexport * from './lib/a.js';\n", "lib/a.js": "1\n", "lib/b.js": "2\n"}, js_modules=True,
     warned=["main.js", "lib/a."])
