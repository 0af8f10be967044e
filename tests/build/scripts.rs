//! What becomes of scripts, and what pages are told of them.

use std::{fs, path::Path};

use crate::{
    assets::{built, field, loads, routes, unhashed},
    project::Project,
};

#[test]
fn a_file_that_comes_or_goes_is_noticed_where_a_pattern_means_it() {
    let project = Project::with(&[
        ("sites/a/index.html", "<!doctype html><title>A</title><script type=module src=main.ts></script>"),
        ("sites/a/main.ts", "console.log(import.meta.glob(\"./views/*.ts\", { eager: true, import: \"default\" }));\n"),
        ("sites/a/views/one.ts", "export default \"first\";\n"),
    ]);
    let main = |project: &Project| project.text("a", &built(project, "/assets/main.", ".js"));
    project.build(&[]);
    assert!(main(&project).contains("first"));
    project.write("sites/a/views/two.ts", b"export default \"second\";\n");
    project.build(&[]);
    assert!(main(&project).contains("./views/two.ts") && main(&project).contains("second"), "{}", main(&project));
    project.remove("sites/a/views/one.ts");
    project.build(&[]);
    assert!(!main(&project).contains("first"), "{}", main(&project));
    let warm = project.bundle("a").generation();
    project.remove_cache();
    project.build(&[]);
    assert_eq!(project.bundle("a").generation(), warm, "what is kept is what would be built");
}

#[test]
fn patterns_in_a_content_site_are_of_its_assets_and_of_what_it_publishes() {
    let project = Project::with(&[
        ("sites/a/content/_index.md", "+++\n+++\n"),
        (
            "sites/a/templates/index.html",
            "<title>A</title><script type=module src={{ asset(path=\"main.ts\") }}></script>\
             <script type=module>console.log(import.meta.glob(\"/views/*.ts\", { eager: true, import: \"default\" }));</script>",
        ),
        (
            "sites/a/assets/main.ts",
            "console.log(import.meta.glob(\"/**/*.svg\", { eager: true, import: \"default\" }), \
             import.meta.glob(\"./views/*.ts\", { eager: true, import: \"default\" }));\n",
        ),
        ("sites/a/assets/views/one.ts", "export default \"a view\";\n"),
        ("sites/a/assets/img/a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\"/>"),
        ("sites/a/static/marks/b.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"2\"/>"),
    ]);
    project.build(&[]);
    let main = project.text("a", &built(&project, "/assets/main.", ".js"));
    for expected in ["\"/img/a.svg\":", "\"/marks/b.svg\":", "/a/assets/b.", "\"./views/one.ts\":"] {
        assert!(main.contains(expected), "{expected} in {main}");
    }
    let page = project.text("a", &built(&project, "/assets/templates.", ".js"));
    assert!(page.contains("\"/views/one.ts\":"), "{page}");

    project.write(
        "sites/a/templates/index.html",
        b"<title>A</title>\n<script type=module>console.log(import.meta.glob(\"./views/*.ts\"));</script>",
    );
    let run = project.run(&["build", "--quiet"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("a template does not know where its page will be"), "{}", run.stderr);
    assert!(run.stderr.contains("sites/a/templates/index.html:2:"), "{}", run.stderr);
}

#[test]
fn a_script_of_another_host_that_a_script_imports_may_run() {
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><html><head><title>A</title><script type=module src=main.ts></script></head><body></body></html>",
        ),
        (
            "sites/a/inline.html",
            "<!doctype html><title>B</title><script type=module>import { a } from \"./shared.ts\";\na();</script>",
        ),
        ("sites/a/none.html", "<!doctype html><title>C</title><script type=module src=alone.ts></script>"),
        (
            "sites/a/main.ts",
            "import { a } from \"./shared\";\na();\nonclick = () => import(\"./later\");\nonkeydown = () => import(\"https://keys.example/k.js\");\n",
        ),
        ("sites/a/shared.ts", "import \"https://CDN.example/x.js\";\nexport const a = () => console.log(1);\n"),
        ("sites/a/later.ts", "import b from \"https://late.example/y.js\";\nb();\n"),
        ("sites/a/alone.ts", "console.log(2);\n"),
    ]);
    for round in ["cold", "warm"] {
        project.build(&[]);
        let sources = |path: &str| {
            let policy = field(&project, path, "content-security-policy").unwrap();
            let line = policy.split("; ").find(|line| line.starts_with("script-src ")).unwrap_or_default();
            line.split(' ').filter(|source| source.contains("://")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(sources("/"), ["https://cdn.example", "https://keys.example", "https://late.example"], "{round}");
        assert_eq!(sources("/inline.html"), ["https://cdn.example"], "{round}");
        assert!(sources("/none.html").is_empty(), "{round}");
    }
    let early = |path: &str| loads(&project, path).into_iter().filter(|line| line.starts_with("preconnect")).count();
    assert_eq!([early("/"), early("/none.html")], [2, 0]);
}

#[test]
fn types_alone_are_no_script() {
    let project = Project::with(&[
        ("sites/a/index.html", "<!doctype html><title>A</title><script type=module src=main.ts></script>"),
        (
            "sites/a/main.ts",
            "import type { A } from \"./types\";\nimport { b } from \"./values\";\nconst a: A = b;\nconsole.log(a);\n",
        ),
        ("sites/a/types.ts", "export type A = number;\nexport interface B { a: A }\n"),
        ("sites/a/values.ts", "import type { A } from \"./types\";\nexport const b: A = 1;\n"),
        ("sites/a/alone.ts", "export const c = 2;\n"),
    ]);
    project.build(&[]);
    let names: Vec<_> = routes(&project).iter().map(|path| unhashed(path)).collect();
    assert_eq!(names, ["/", "/alone.js", "/assets/main.js"]);
}

#[test]
fn the_types_of_what_the_build_adds() {
    let project = Project::with(&[
        ("sites/a/index.html", "<!doctype html><title>A</title>"),
        ("sites/a/config.toml", "[sitekit.assets.env]\nAPI = \"https://api.example\"\nBETA = true\n"),
    ]);
    let plain = project.run(&["types"]);
    assert_eq!((plain.code, plain.stderr.as_str()), (0, ""));
    let own = project.run(&["types", "sites/a"]);
    let expected = "interface ImportMetaEnv {\n  readonly API: string;\n  readonly BETA: boolean;\n}\n";
    assert_eq!(
        own.stdout.strip_prefix(&plain.stdout).and_then(|more| more.split_once("toml.\n")).map(|(_, own)| own),
        Some(expected)
    );
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("sites/app");
    let of_app = project.run(&["types", app.to_str().unwrap()]).stdout;
    assert_eq!(
        of_app,
        fs::read_to_string(app.join("environment.d.ts")).unwrap(),
        "print it again: `sitekit types sites/app`"
    );
    project.write("sites/a/config.toml", b"[sitekit.assets.env]\nMODE = 1\n");
    let wrong = project.run(&["types", "sites/a"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (1, ""));
    assert!(wrong.stderr.contains("`import.meta.env.MODE` is set by the build"), "{}", wrong.stderr);
    let absent = project.run(&["types", "sites/b"]);
    assert_eq!((absent.code, absent.stderr.as_str()), (2, "error: the folder `sites/b`: does not exist\n"));
}

#[test]
fn scripts_are_written_for_the_browsers_that_are_wanted() {
    let files = |config| {
        [
            ("sites/a/index.html", "<!doctype html><title>A</title><script type=module src=main.ts></script>"),
            (
                "sites/a/main.ts",
                "class A { static { console.log(location.hash ?? location.href) } }\nconsole.log(A);\n",
            ),
            ("sites/a/config.toml", config),
            ("package.json", "{ \"browserslist\": [\"chrome 79\"] }"),
        ]
    };
    for (config, has_block, has_coalescing) in [
        ("[sitekit.assets]\nbrowsers = [\"chrome 120\"]\n", true, true),
        ("[sitekit.assets]\nbrowsers = [\"chrome 93\", \"chrome 120\"]\n", false, true),
        ("", false, false),
    ] {
        let project = Project::with(&files(config));
        project.build(&[]);
        let main = project.text("a", &built(&project, "/assets/main.", ".js"));
        assert_eq!((main.contains("static{"), main.contains("??")), (has_block, has_coalescing), "{config}: {main}");
    }
}

#[test]
fn where_source_maps_are() {
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><title>A</title><link rel=stylesheet href=style.css><script type=module src=main.ts></script>",
        ),
        ("sites/a/main.ts", "const text: string = location.hash;\nconsole.log(text);\n"),
        ("sites/a/style.css", "p { b { color: red } }\n"),
    ]);
    for (says, profile, is_published, is_beside) in [
        ("source_maps = \"none\"", "dev", false, false),
        ("", "prod", false, true),
        ("", "dev", true, false),
        ("source_maps = \"public\"", "prod", true, false),
    ] {
        project.write("sites/a/config.toml", format!("[sitekit.assets]\n{says}\n").as_bytes());
        project.build(&["--profile", profile]);
        for (start, end) in [("/assets/main.", ".js"), ("/assets/style.", ".css")] {
            let path = built(&project, start, end);
            let name = path.trim_start_matches("/assets/");
            let (published, text) = (routes(&project).contains(&format!("{path}.map")), project.text("a", &path));
            let beside = project.path(&format!("build/a/maps/{name}.map")).is_file();
            assert_eq!((published, beside), (is_published, is_beside), "{says} {profile}: {path}");
            let named = text.rsplit_once("sourceMappingURL=").map(|(_, named)| named.contains(&format!("{name}.map")));
            assert_eq!(named, is_published.then_some(true), "{says} {profile}: {text}");
        }
    }
}
