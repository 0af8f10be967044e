//! Runs the command a site wants run before it is read: `[hooks]` in its configuration. It is skipped when nothing it
//! depends on changed since it last succeeded. This is the edge: what is compiled afterwards does not know that it ran.
//!
//! What the command wrote is found out by looking at the site's folder before and after. It has no other input than its
//! files, and it ends when we do, with all it started.

#[cfg_attr(unix, path = "hooks/leash.rs")]
#[cfg_attr(not(unix), path = "hooks/no_leash.rs")]
mod leash;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    io::{self, BufRead, BufReader, PipeReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, SystemTime},
};

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use self::leash::Leash;
use super::build::BuildConfig;
use crate::{
    diag::{Diagnostic, Severity, Source},
    load::{self, Hooks, Spanned, World},
    pipeline::Profile,
    site::{ContentHash, SiteName},
};

/// What became of a site's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    Ran,
    /// Nothing it depends on had changed.
    Skipped,
}

impl Hook {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Skipped => "skipped",
        }
    }
}

/// Runs the command of the site at `root`, if it has one and there is a reason to. `tell` is told the command when it
/// begins to run. Nothing is run where the configuration has mistakes; those are for whoever loads the site to tell.
pub(super) fn before(
    config: &BuildConfig,
    site: &SiteName,
    root: &str,
    world: &dyn World,
    tell: &dyn Fn(&str),
) -> (Option<Hook>, Vec<Diagnostic>) {
    let (settings, source, mistakes) = load::configure(world, root);
    let Hooks { before: Some(command), inputs } = settings.hooks else { return (None, Vec::new()) };
    if mistakes.iter().any(|mistake| mistake.severity == Severity::Error) {
        return (None, Vec::new());
    }
    let folder = config.project.join(root);
    let record = config.out.join(".cache/hooks").join(format!("{site}.json"));
    let about = |error: io::Error| {
        let message = format!("this command could not be run: {error}");
        (None, vec![Diagnostic::error_at(&source, command.span.clone(), message)])
    };
    let profile = match config.profile {
        Profile::Dev => "dev",
        Profile::Prod => "prod",
    };
    let key = ContentHash::of_parts([command.value.as_bytes(), profile.as_bytes()]).to_string();
    let found = match files(&folder) {
        Ok(found) => found,
        Err(error) => return about(error),
    };
    let last = Record::read(&record).unwrap_or_default();
    let (read, warnings) = matching(&inputs, &found, &source);
    if !inputs.is_empty() && last.command == key && last.holds(&folder, &read) {
        return (Some(Hook::Skipped), warnings);
    }

    // Whatever becomes of it, what was known is known no more.
    drop(fs::remove_file(&record));
    let before = hashes(&folder, &read);
    tell(&command.value);
    let environment = [("SITEKIT_SITE", site.as_str()), ("SITEKIT_PROFILE", profile)];
    match run(shell(&command.value).current_dir(&folder).envs(environment), &config.ending) {
        Err(error) => return about(error),
        Ok((status, said)) if !status.success() => return (None, vec![failed(&source, &command, status, &said)]),
        Ok(_) => {}
    }
    if !inputs.is_empty()
        && let Ok(after) = files(&folder)
    {
        let changed = after.iter().filter(|&(path, stamp)| found.get(path) != Some(stamp)).map(|(path, _)| path);
        let named = words(&command.value).filter_map(|word| after.get_key_value(word)).map(|(path, _)| path);
        let written: BTreeSet<&String> =
            changed.chain(named).chain(last.outputs.keys().filter(|path| after.contains_key(*path))).collect();
        let outputs = hashes(&folder, &written);
        let inputs = before.into_iter().filter(|(path, _)| !outputs.contains_key(path)).collect();
        // One that cannot be written is done without: the command then runs again.
        drop(Record { command: key, inputs, outputs }.write(&record));
    }
    (Some(Hook::Ran), warnings)
}

/// What was true when a command last succeeded. Hashes are of contents, by path in the site's folder.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    /// A hash of the command and what it was told.
    command: String,
    /// What it reads, without what it also writes.
    inputs: BTreeMap<String, String>,
    /// What it wrote, and what its text names.
    outputs: BTreeMap<String, String>,
}

impl Record {
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&temporary, serde_json::to_vec(self)?)?;
        fs::rename(temporary, path)
    }

    /// Whether the files it `read`s, and those it wrote, are what they were.
    fn holds(&self, folder: &Path, read: &BTreeSet<&String>) -> bool {
        let inputs: BTreeSet<&String> = read.iter().copied().filter(|path| !self.outputs.contains_key(*path)).collect();
        hashes(folder, &inputs) == self.inputs && hashes(folder, &self.outputs.keys().collect()) == self.outputs
    }
}

/// Those of a site's files that the author says the command reads, and the patterns that match none.
fn matching<'a>(
    inputs: &[Spanned<String>],
    files: &'a BTreeMap<String, Stamp>,
    source: &Source,
) -> (BTreeSet<&'a String>, Vec<Diagnostic>) {
    let (mut read, mut warnings) = (BTreeSet::new(), Vec::new());
    for pattern in inputs {
        let matches: Vec<&String> = match glob(&pattern.value) {
            Some(glob) => files.keys().filter(|path| glob.is_match(path)).collect(),
            None => Vec::new(),
        };
        if matches.is_empty() {
            let warning =
                Diagnostic::error_at(source, pattern.span.clone(), "no file of the site matches this pattern");
            warnings
                .push(warning.as_warning().with_help("patterns are relative to the site's folder: `content/**/*.md`"));
        }
        read.extend(matches);
    }
    (read, warnings)
}

/// Patterns were checked when the configuration was read.
fn glob(pattern: &str) -> Option<GlobMatcher> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    GlobBuilder::new(pattern).literal_separator(true).build().ok().map(|glob| glob.compile_matcher())
}

/// The words of a command as they may be paths in the folder it runs in.
fn words(command: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "'\"=<>|&;()".contains(c);
    command.split(ends).map(|word| word.strip_prefix("./").unwrap_or(word)).filter(|word| !word.is_empty())
}

/// What tells cheaply whether a file was written.
type Stamp = (u64, Option<SystemTime>);

/// The files in a site's folder, by path below it with `/`; not those of packages, and of no hidden folder.
fn files(folder: &Path) -> io::Result<BTreeMap<String, Stamp>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // Names that are not UTF-8 are told of when the site is read.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{name}");
            // A file may be gone again.
            let (Ok(kind), Ok(metadata)) = (entry.file_type(), fs::metadata(entry.path())) else { continue };
            if kind.is_dir() && !name.starts_with('.') && name != "node_modules" {
                waiting.push((entry.path(), path + "/"));
            } else if metadata.is_file() {
                found.insert(path, (metadata.len(), metadata.modified().ok()));
            }
        }
    }
    Ok(found)
}

/// Hashes of those that can be read.
fn hashes(folder: &Path, paths: &BTreeSet<&String>) -> BTreeMap<String, String> {
    let hash = |path: &str| fs::read(folder.join(path)).ok().map(|bytes| ContentHash::of(&bytes).to_string());
    paths.iter().filter_map(|path| Some(((*path).clone(), hash(path)?))).collect()
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{}{command}", leash::NO_TERMINAL));
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt as _;

    let mut shell = Command::new("cmd");
    // The shell takes quotes apart by rules of its own.
    shell.arg("/C").raw_arg(command);
    shell
}

/// Runs a command to its end, which comes early when the program is `ending`, and gives the last lines of what it said on
/// both of its outputs.
fn run(command: &mut Command, ending: &AtomicBool) -> io::Result<(ExitStatus, VecDeque<String>)> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let (mut child, mut leash) = Leash::spawn(command)?;
    // Our copies of the writing end are closed, so that reading ends with the command.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (done, said) = mpsc::channel();
    thread::spawn(move || {
        for line in lines(reader) {
            if done.send(line).is_err() {
                return;
            }
        }
    });
    let mut last = VecDeque::new();
    let mut keep = |line| {
        last.push_back(line);
        if last.len() > MOST_LINES {
            last.pop_front();
        }
    };
    let status = loop {
        if ending.load(Ordering::Relaxed) {
            leash.pull(&mut child);
        }
        match said.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => {
                keep(line);
                continue;
            }
            // It has closed its outputs, and is about to end, or not.
            Err(mpsc::RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(2)),
            // What it left running in the background may keep the pipe open for ever.
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
    };
    leash.let_go();
    said.try_iter().for_each(keep);
    Ok((status, last))
}

/// Of what a command says before it fails.
const MOST_LINES: usize = 20;

/// Lines without colours, as text whatever they are.
fn lines(reader: PipeReader) -> impl Iterator<Item = String> {
    let text = |line: io::Result<Vec<u8>>| {
        let line = String::from_utf8_lossy(&line.ok()?).into_owned();
        Some(console::strip_ansi_codes(line.trim_end()).into_owned())
    };
    BufReader::new(reader).split(b'\n').map_while(text)
}

fn failed(source: &Source, command: &Spanned<String>, status: ExitStatus, said: &VecDeque<String>) -> Diagnostic {
    let how = match status.code() {
        Some(code) => format!("with exit status {code}"),
        None => format!("by {status}"),
    };
    let said: Vec<&str> = said.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
    let help = if said.is_empty() { "it said nothing".to_owned() } else { format!("it said:\n{}", said.join("\n")) };
    Diagnostic::error_at(source, command.span.clone(), format!("the command before the build ended {how}"))
        .with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command() {
        for (command, expected) in [
            ("npx tailwindcss -i app.css -o static/app.css", "npx tailwindcss -i app.css -o static/app.css"),
            ("sort ./a.txt>'b.txt'&&x --out=c.txt", "sort a.txt b.txt x --out c.txt"),
            ("", ""),
        ] {
            assert_eq!(words(command).collect::<Vec<_>>().join(" "), expected);
        }
    }
}
