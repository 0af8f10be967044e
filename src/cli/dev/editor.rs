//! Opens a file of the project in the author's editor, at a line and a column. Each editor has words of its own for that.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::serve::EditorPlace;

/// The variables that name an editor, the first that does counts.
const VARIABLES: [&str; 3] = ["SITEKIT_EDITOR", "VISUAL", "EDITOR"];

/// Editors with windows of their own, in the order they are looked for where no variable names one.
const KNOWN: [&str; 9] = ["code", "codium", "cursor", "zed", "subl", "idea", "webstorm", "kate", "gvim"];

/// Opens a place in a file of `project`.
///
/// # Errors
/// What to tell whoever asked.
pub(super) fn open(project: &Path, place: &EditorPlace) -> Result<(), String> {
    let file = file_of(project, &place.path)?;
    let command = named().ok_or(
        "no editor is known: set SITEKIT_EDITOR to its command, such as `code` or `my-editor --at {line} {file}`",
    )?;
    let words = words(&command, &file, place.line.unwrap_or(1), place.column.unwrap_or(1));
    let Some((program, args)) = words.split_first() else { return Err("SITEKIT_EDITOR names no command".to_owned()) };
    let mut started = Command::new(program);
    started.args(args).current_dir(project).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    // An editor outlives Ctrl-C.
    std::os::unix::process::CommandExt::process_group(&mut started, 0);
    let mut editor =
        started.spawn().map_err(|error| format!("{} cannot be started: {error}", Path::new(program).display()))?;
    // Waited for, so that nothing is left of it when it ends.
    drop(std::thread::Builder::new().name("sitekit-editor".to_owned()).spawn(move || editor.wait()));
    Ok(())
}

/// The file, when it is one of the project's: links out of it are not followed.
fn file_of(project: &Path, path: &str) -> Result<PathBuf, String> {
    let outside = || format!("`{path}` is no file of this project");
    let project = fs::canonicalize(project).map_err(|_| outside())?;
    let file = fs::canonicalize(project.join(path)).map_err(|_| outside())?;
    if file.starts_with(&project) && file.is_file() { Ok(file) } else { Err(outside()) }
}

/// The command to start.
fn named() -> Option<String> {
    let set = |name: &&str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let own = VARIABLES.iter().take(1).find_map(set);
    // An editor of the terminal has none here.
    let general = || VARIABLES.iter().skip(1).find_map(set).filter(|command| is_windowed(command));
    let paths: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let found = || KNOWN.iter().find(|name| paths.iter().any(|folder| folder.join(name).is_file()));
    own.or_else(general).or_else(|| found().map(|name| (*name).to_owned()))
}

fn is_windowed(command: &str) -> bool {
    !matches!(
        name_of(command).as_str(),
        "vi" | "vim" | "nvim" | "nano" | "pico" | "emacs" | "helix" | "hx" | "micro" | "ed" | "joe" | "ne"
    )
}

/// The name of the program, without its folder.
fn name_of(command: &str) -> String {
    let program = command.split_whitespace().next().unwrap_or_default();
    let name = Path::new(program).file_stem().unwrap_or_default();
    name.to_string_lossy().to_lowercase()
}

/// The command and its arguments. Placeholders say where the file goes; without any it is added as this editor wants it.
fn words(command: &str, file: &Path, line: u32, column: u32) -> Vec<OsString> {
    let mut words: Vec<OsString> = command.split_whitespace().map(OsString::from).collect();
    let shown = file.to_string_lossy();
    if command.contains("{file}") {
        let filled_in = |word: &OsString| {
            let word =
                word.to_string_lossy().replace("{line}", &line.to_string()).replace("{column}", &column.to_string());
            OsString::from(word.replace("{file}", &shown))
        };
        return words.iter().map(filled_in).collect();
    }
    let place = format!("{shown}:{line}:{column}");
    let texts: Vec<String> = match name_of(command).as_str() {
        "code" | "code-insiders" | "codium" | "vscodium" | "cursor" | "windsurf" | "trae" => {
            vec!["--reuse-window".to_owned(), "--goto".to_owned(), place]
        }
        "zed" | "subl" | "sublime_text" | "atom" | "hx" | "helix" | "micro" => vec![place],
        "idea" | "webstorm" | "phpstorm" | "rubymine" | "pycharm" | "goland" | "rustrover" | "clion" | "rider"
        | "kate" => {
            vec!["--line".to_owned(), line.to_string(), "--column".to_owned(), column.to_string(), shown.into_owned()]
        }
        "vi" | "vim" | "nvim" | "gvim" | "mvim" => vec![format!("+call cursor({line}, {column})"), shown.into_owned()],
        "emacs" | "emacsclient" | "gedit" => vec![format!("+{line}:{column}"), shown.into_owned()],
        "notepad++" => vec![format!("-n{line}"), format!("-c{column}"), shown.into_owned()],
        "mate" => vec!["--line".to_owned(), format!("{line}:{column}"), shown.into_owned()],
        _ => vec![shown.into_owned()],
    };
    words.extend(texts.into_iter().map(OsString::from));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_are_told_the_place_in_their_words() {
        for (command, expected) in [
            ("code", "code --reuse-window --goto /p/a.md:3:7"),
            ("/usr/bin/code -n", "/usr/bin/code -n --reuse-window --goto /p/a.md:3:7"),
            ("subl", "subl /p/a.md:3:7"),
            ("gvim", "gvim +call cursor(3, 7) /p/a.md"),
            ("emacsclient -n", "emacsclient -n +3:7 /p/a.md"),
            ("webstorm", "webstorm --line 3 --column 7 /p/a.md"),
            ("my-editor", "my-editor /p/a.md"),
            ("my-editor --at {line},{column} {file}", "my-editor --at 3,7 /p/a.md"),
        ] {
            let words = words(command, Path::new("/p/a.md"), 3, 7);
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }

    #[test]
    fn only_files_of_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("p");
        fs::create_dir_all(project.join("sites")).unwrap();
        fs::write(project.join("sites/a.md"), "").unwrap();
        fs::write(folder.path().join("secret"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret"), project.join("sites/link")).unwrap();
        assert!(file_of(&project, "sites/a.md").is_ok());
        let absolute = folder.path().join("secret");
        for path in ["../secret", "sites", "sites/none.md", "sites/link", absolute.to_str().unwrap()] {
            assert!(file_of(&project, path).is_err(), "{path}");
        }
    }
}
