//! What specifiers mean, and what packages say of themselves.

use super::*;

#[test]
fn what_a_specifier_means() {
    let package = |text| ("node_modules/p/package.json", text);
    let cases: &[(&str, Texts<'_>, &str)] = &[
        (
            "the conditions of `exports`, in their order",
            &[
                package(
                    r#"{"exports": {"node": "./n.js", "require": "./r.js", "browser": "./b.js", "default": "./d.js"}}"#,
                ),
                ("node_modules/p/b.js", "export default 'right';"),
            ],
            "import p from 'p'; console.log(p);",
        ),
        (
            "the mode is a condition",
            &[
                package(r#"{"exports": {"./sub": {"development": "./d.js", "production": "./p.js"}}}"#),
                ("node_modules/p/p.js", "export default 'right';"),
            ],
            "import p from 'p/sub'; console.log(p);",
        ),
        (
            "`require` asks with its own condition",
            &[
                package(r#"{"exports": {"import": "./i.mjs", "require": "./r.cjs"}}"#),
                ("node_modules/p/r.cjs", "module.exports = 'right';"),
                ("node_modules/q/index.js", "module.exports = require('p');"),
            ],
            "import p from 'q'; console.log(p);",
        ),
        (
            "a pattern in `exports`",
            &[
                package(r#"{"exports": {"./*": "./lib/*.js"}}"#),
                ("node_modules/p/lib/deep/x.js", "export default 'right';"),
            ],
            "import p from 'p/deep/x'; console.log(p);",
        ),
        (
            "`imports` of the package itself",
            &[
                ("sites/app/package.json", r##"{"imports": {"#x": "./x.ts"}}"##),
                ("sites/app/x.ts", "export default 'right';"),
            ],
            "import p from '#x'; console.log(p);",
        ),
        (
            "the fields `browser`, `module`, `main`",
            &[
                package(r#"{"browser": "./b.js", "module": "./m.js", "main": "./n.js"}"#),
                ("node_modules/p/b.js", "export default 'right';"),
            ],
            "import p from 'p'; console.log(p);",
        ),
        (
            "`browser` puts one file in the place of another",
            &[
                package(r#"{"main": "./index.js", "browser": {"./node.js": "./web.js"}}"#),
                ("node_modules/p/index.js", "export { default } from './node.js';"),
                ("node_modules/p/node.js", "export default 'wrong';"),
                ("node_modules/p/web.js", "export default 'right';"),
            ],
            "import p from 'p'; console.log(p);",
        ),
        (
            "`browser` leaves a module out",
            &[
                package(r#"{"main": "./index.js", "browser": {"fs": false}}"#),
                ("node_modules/p/index.js", "exports.p = require('fs').read || 'right';"),
            ],
            "import { p } from 'p'; console.log(p);",
        ),
        (
            "a scoped package in a folder above",
            &[
                ("node_modules/@a/b/package.json", r#"{"module": "m.js"}"#),
                ("node_modules/@a/b/m.js", "export default 'right';"),
            ],
            "import p from '@a/b'; console.log(p);",
        ),
        (
            "a package of the site hides one of the project",
            &[
                ("node_modules/p/index.js", "export default 'wrong';"),
                ("sites/app/node_modules/p/index.js", "export default 'right';"),
            ],
            "import p from 'p'; console.log(p);",
        ),
        (
            "`paths` of tsconfig.json, inherited, with comments",
            &[
                ("sites/app/tsconfig.json", "{ // one\n \"extends\": \"../../tsconfig.base.json\", }"),
                (
                    "tsconfig.base.json",
                    r#"{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["./sites/app/src/*"]}}}"#,
                ),
                ("sites/app/src/x.ts", "export default 'right';"),
            ],
            "import p from '@/x'; console.log(p);",
        ),
        (
            "a folder with an index",
            &[("sites/app/x/index.tsx", "export default 'right';")],
            "import p from './x'; console.log(p);",
        ),
        (
            "TypeScript by the name of what it becomes",
            &[("sites/app/x.mts", "export default 'right';")],
            "import p from './x.mjs'; console.log(p);",
        ),
        (
            "a slash in front: a file of the site",
            &[("sites/app/lib/x.js", "export default 'right';")],
            "import p from '/lib/x.js'; console.log(p);",
        ),
        (
            "a slash in front: or else one in its assets",
            &[("sites/app/.hidden", ""), ("sites/app/assets/x.ts", "export default 'right';")],
            "import p from '/x'; console.log(p);",
        ),
        (
            "JSON, whole and by name",
            &[("sites/app/x.json", r#"{"p": "right", "q": "unused"}"#)],
            "import { p } from './x.json'; console.log(p);",
        ),
        (
            "JSON, by the type that browsers ask for",
            &[("sites/app/x.json", r#"{"p": "right"}"#)],
            "import x from './x.json' with { type: 'json' }; console.log(x.p);",
        ),
        (
            "what a package tries to require may be absent",
            &[("node_modules/p/index.js", "try { require('absent') } catch { exports.p = 'right' }")],
            "import { p } from 'p'; console.log(p);",
        ),
        ("text", &[("sites/app/x.glsl", "right")], "import p from './x.glsl?raw'; console.log(p);"),
    ];
    for (case, files, main) in cases {
        let mut all = vec![("sites/app/main.ts", *main)];
        all.extend(*files);
        let code = Project::with(&all).link(&["main.ts"]).only();
        assert!(code.contains("right") && !code.contains("wrong"), "{case}:\n{code}");
        assert!(!code.contains("unused"), "{case}:\n{code}");
    }
}

#[test]
fn a_module_by_its_package_imports_commonjs_as_node_does() {
    let files = |kind| {
        [
            ("sites/app/main.ts", "import p from 'p'; console.log(p);"),
            ("node_modules/p/package.json", kind),
            ("node_modules/p/index.js", "import c from 'c'; export default c.default;"),
            ("node_modules/c/index.js", "exports.__esModule = true; exports.default = 'c';"),
        ]
    };
    // The helper is told by its second argument.
    check(&files(r#"{"type": "module"}"#), &["(),1)"], &[]);
    check(&files("{}"), &[], &["(),1)"]);
}

#[test]
fn side_effects_are_what_the_package_says() {
    let files = |says| {
        [
            ("sites/app/main.ts", "import 'p/src/b.js';"),
            ("node_modules/p/package.json", says),
            ("node_modules/p/src/b.js", "globalThis.effect = 1; export const b = 1;"),
        ]
    };
    for (says, is_there) in [
        ("{}", true),
        (r#"{"sideEffects": true}"#, true),
        (r#"{"sideEffects": false}"#, false),
        (r#"{"sideEffects": ["./src/b.js"]}"#, true),
        (r#"{"sideEffects": ["b.js"]}"#, true),
        (r#"{"sideEffects": ["./src/*.js"]}"#, true),
        (r#"{"sideEffects": ["./*.js"]}"#, false),
        (r#"{"sideEffects": ["**/*.css"]}"#, false),
    ] {
        let code = Project::with(&files(says)).link(&["main.ts"]).only();
        assert_eq!(code.contains("effect"), is_there, "{says}:\n{code}");
    }
}
