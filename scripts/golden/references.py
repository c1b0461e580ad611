"""Prints fixtures/references.tsv: what Django 5.2 makes of references in CSS and JavaScript, and where it fails.

Run from the package's root with Django 5.2 and CPython 3.11 (`-P`, or gzip.py beside it is taken for Python's):
python -P scripts/golden/references.py > fixtures/references.tsv
"""

import json, os, random, sys, tempfile

import django
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.exceptions import SuspiciousFileOperation
from django.core.management import call_command

FILES = {
    "img/a.png": "PNG", "img/b c.png": "bc", "img/é.png": "e", "img/100%.png": "p", "img/a%20b.png": "x", "img/q#r.png": "y", "img/a": "q", "fonts/x.eot": "eot", "fonts/x.svg": "svg",
    "css/b.css": "b{}", "css/u": "1", "css/noext": "n", "css/x.css.map": "{}", "css/deep/c.css": '@import "../b.css";', "b.css": "root", "x;y/a;.png": "z",
    "a.js": "1", "js/m.js": "export default 1;\n", "js/a:b.js": "w", "js/x.js.map": "{}", "js/sub/n.js": 'import "../m.js";',
}
# Each is the content of a file of its own.
CSS = r"""a{x:url(../img/a.png)}|a{x:url("../img/a.png")}|a{x:url('../img/a.png')}|a{x:url('../img/a.png")}|a{x:URL(../img/a.png)}|a{x:my-url(../img/a.png)}|url( ../img/a.png )|url(" ../img/a.png")|url( "../img/a.png")
url(..//img//a.png)|url(./../css/../img/a.png)|url(%2e%2e/img/a.png)|url(..%2Fimg%2Fa.png)|url(../img/%61.png)|url(../img/%2561.png)|url(../img/b c.png)|url(../img/b%20c.png)|url(../img/é.png)|url(../img/%C3%A9.png)
url(../img/100%.png)|url(../img/100%25.png)|url(../img/a%20b.png)|url(../img/a%2520b.png)|url(../img/q#r.png)|url(../img/q%23r.png)|url("../x;y/a;.png")|url("../x;y/a;.png#f")|url(../img/a)|url(../IMG/A.PNG)
url(../fonts/x.eot?#iefix)|url(../fonts/x.eot?v=1)|url(../fonts/x.eot?v=1#iefix)|url(../fonts/x.svg#id)|url(../fonts/x.svg#a/b)|url(../fonts/x.svg#a?b)|url(../fonts/x.svg?a#b#c)|url(../fonts/x.eot?)|url(../fonts/x.eot?#)|url(../fonts/x.eot#)
url(../fonts/x.eot%3F%23iefix)|url(../fonts/x.eot%3Fx)|url(../fonts/x.svg%23x)|url(../fonts/x.svg%23a/b)|url(../img/a.png?x=a/b)|url(b.css?v=1)|url( deep/c.css )|url(deep/c.css?v=1)|url(../img/a.png?x=%2Fb)|url(../img/a.png?/../b c.png)
url()|url("")|url(?q)|url(#f)|url(?#f)|url(.)|url(..)|url(./)|url(../)|url(deep)|url(deep/)|url(./deep/)|url(../img)|url(../img/)|url(../img/?x)|url(../img/#x)|url(/static/)|url(/static/css)|url(../..)|url(../../)|url(../../img/a.png)
url(/static/img/a.png)|url(/static//img/a.png)|url(/static/../img/a.png)|url(/static/css/../img/a.png)|url(/statics/a.png)|url(/other/a.png)|url(//x/a.png)|url(http://x/a.png)|url(HTTP://x/a.png)|url(data:x)|url(DATA:x)|url(data:image/svg+xml,url(#a))
url(a-b:c)|url(about:blank)|url(//[x)|url(HTTP://[x#f)|url(nope.png)|url(%00)|url(..\img\a.png)|url(../img\a.png)|url(..%5Cimg%5Ca.png)|url(deep\c.css)|url('b.css)|url(b.css")|image-set("../img/a.png" 1x)|url(b.css;)|url(b.css;#f)
@import "b.css";|@import 'b.css' screen;|@IMPORT   "deep/c.css" print;|@import"b.css"|@import 'b.css"|@import " b.css"|@import url(b.css);|@import url("b.css") screen;|@import b.css;|@import "b.css?v=1";|@import "";|@import "http://x/y.css";
/* url(../img/a.png) @import "b.css"; */|/* url(nope.png) */|"url(../img/a.png)"|/*# sourceMappingURL=x.css.map */|/*# sourceMappingURL=x.css.map*/|/*#	sourceMappingURL=x.css.map	 */|/*#sourceMappingURL=nope*/| /*# sourceMappingURL=nope */
/*# sourcemappingurl=nope */|/*# sourceMappingURL=nope */ x|/*# sourceMappingURL=data:x */|/*# sourceMappingURL=nope.map */|@import '../img/a.png';@import '../img/é.png'|url(../img/a.png) url(../img/a.png)|//# sourceMappingURL=nope""".replace("\n", "|").split("|")
CSS += ["@import\n  'b.css'\n;", "@import\x1c'b.css'", "@ımport 'b.css'", "@İmport 'b.css'", "url(\x1c../img/a.png\x1f)", "url(\u3000../img/a.png\u3000)", "url(\n../img/a.png)", "url(../img/a.png\n)", "url(\x01)", "url(\u200b)",
        "url(\x01../img/a.png#f)", "url(\x01/static/img/a.png#f)", "url(\x01/img/a.png#f)", "\ufeffurl(../img/a.png)", "url(../img/a.png)\r\n@import\r\n'b.css';\r\n/*# sourceMappingURL=x.css.map */\r\n", "/*# sourceMappingURL=x.css.map */\n",
        "a\n/*# sourceMappingURL=x.css.map */\n\nb", "url(../im\tg/a.png)", "url(../im\tg/a.png#f)", "url(../im\tg/a.png?f)", "url(../img/a.png?\t)", "@import 'a url(../img/a.png) b'", "url(x(../img/a.png))"]
JS = r"""import y from './m.js';|import y from "./m.js";|import {a} from '/static/js/m.js';|import * as x from './m.js';|import*as x from './m.js';|import*from'./m.js';|import{q}from'./m.js';|import {q} from './m.js' ;|import y from './m.js'
import './m.js';|import"./m.js";|import'./m.js'|import   "./sub/n.js"  ;|import './m.js?v=1';|import './m.js#h';|import m from 'react';|import 'react';|import u from 'https://x/y.js';|import u from '//x/y.js';|import u from './nope.js';|import u from '../../m.js';
export {y} from './m.js';|export * from "./sub/n.js";|export * as m from './m.js';|export*from './m.js';|export{a}from"./m.js";|export default 1;|IMPORT './m.js';|Export {y} From './m.js';|import type from './m.js';
import('./m.js')|import("/static/js/m.js")|import('m.js')|import('react')|import( './m.js')|import('./m.js' )|import(`./m.js`)|import('https://x/y.js')|import("./m.js').then(x)|ximport('./m.js')|import('./' + x)|import("./sub/n.js?x")
const s = "import {q} from './m.js';";|// import './m.js';|/* import './nope.js'; */|// we export\nimport y from './m.js';|// we export\nimport y from './m.js?v=1';|// we export\nimport y from './sub/n.js?v=1';|import a from './m.js'\nimport b from './m.js';
import x, {a,\n b} from './m.js';|import a from './m.js'; import b from './sub/n.js'; export {c} from './m.js'; import('./m.js')|import './m.js';import './m.js';|//# sourceMappingURL=x.js.map|//# sourceMappingURL=x.js.map |//# sourceMappingURL=x.js.map\r\n1
1;\n//# sourceMappingURL=x.js.map\n2|//@ sourceMappingURL=nope| //# sourceMappingURL=nope|//#  sourceMappingURL=nope|//# SOURCEMAPPINGURL=nope|//# sourceMappingURL=http://x/y|//# sourceMappingURL=data:x|//# sourceMappingURL=nope.map|1;//# sourceMappingURL=nope|//# sourceMappingURL=
import a:b from './a:b.js';|import('a:b.js')|import './a%3Ab.js';|import * as é² from './m.js';|import\u001ca\u001cfrom './m.js';|\u0130mport './m.js';|import '.';|import './';|import './sub';|export * from './sub/';""".replace("\n", "|").split("|")
JS = [json.loads('"' + text.replace('"', '\\"') + '"') for text in JS]
PIECES = """a.png b%20c.png %C3%A9.png 100%25.png a css b.css deep c.css img fonts x.eot .. . / // /static/ ? # ?# ?v=1 ?#iefix %23 %3F %2F %5C \\ " ' ; : HTTP: data: ../ ./ ../img/ ../css/ %20 %25
%2520 x;y a;.png q%23r.png a%2520b.png x.css.map x.js.map %00 */ ( [ @ & = deep/c.css ./m.js ../js/m.js ./sub/n.js b.css?x""".split() + [" ", "\t", "\r", "\n", "\x1c", "\u3000", "\x85"]


def chance(random):
    """Files of random references, a few hundred of which tell more than any list."""

    def url():
        start = random.choice(["../img/", "", "./", "/static/img/", "../css/", "../", "../js/"])
        return start + "".join(random.choice(PIECES) for _ in range(random.choice([1, 1, 2, 3])))

    for index in range(400):
        quote = random.choice("\"'")
        folder = random.choice(["", "css/", "js/", "css/deep/", "js/sub/"])
        yield f"{folder}r{index}.css", random.choice([f"url({url()})", f"url({quote}{url()}{quote})", f"@import {quote}{url()}{quote}"])
        yield f"{folder}r{index}.js", random.choice([f"import {quote}./{url()}{quote};", f"import a from{quote}./{url()}{quote};", f"import({quote}{url()}{quote})", f"//# sourceMappingURL={url()}"])


def rows():
    for index, text in enumerate(dict.fromkeys(CSS)):
        yield f"css/t{index}.css", text
    for index, text in enumerate(dict.fromkeys(JS)):
        yield f"js/t{index}.js", text
    yield from [("t.css", text) for text in ("url(.)", "url(..)", "url(?q)", "url(img)", "url(./)", "url(b.css)", "url(css/../img/a.png)")]
    yield from chance(random.Random(5))


def rewritten(storage, table, name, text):
    for extension, patterns in storage._patterns.items():
        if name.endswith(extension[1:]):
            for pattern, template in patterns:
                try:
                    text = pattern.sub(storage.url_converter(name, table, template), text)
                except (ValueError, SuspiciousFileOperation, AssertionError):
                    return None
    return text


class Storage(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


with tempfile.TemporaryDirectory() as folder:
    for name, text in FILES.items():
        path = os.path.join(folder, "source", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    settings.configure(
        STATIC_ROOT=os.path.join(folder, "root"), STATIC_URL="/static/", STATICFILES_DIRS=[os.path.join(folder, "source")],
        INSTALLED_APPS=["django.contrib.staticfiles"], STORAGES={"staticfiles": {"BACKEND": "__main__.Storage"}},
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    )
    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    storage = Storage()
    print("# name, content and rewritten content (null: Django fails), as JSON, by Django " + django.get_version() + " on CPython " + sys.version.split()[0])
    print("# over: " + json.dumps(FILES))
    for name, text in rows():
        print(json.dumps(name), json.dumps(text), json.dumps(rewritten(storage, dict(storage.hashed_files), name, text)), sep="\t")
