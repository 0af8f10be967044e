//! What an event of the system means to someone who will look at the files anyway.

use std::path::PathBuf;

use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Of this path.
    Of(PathBuf, Sort),
    /// Something was not: only looking at everything helps.
    Lost,
}

/// How far the one who changes a file has come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It was written and closed, or renamed to its place.
    Done,
    /// Of its metadata alone.
    Touched,
    /// It is there, and may be written to.
    Began,
    /// It is gone, and may come back: editors put a new file in its place.
    Gone,
}

/// What an event says. Reading a file is an event too, and no reason to read it again.
#[must_use]
pub fn heard(event: notify::Result<Event>) -> Vec<Heard> {
    let Ok(event) = event else { return vec![Heard::Lost] };
    if event.need_rescan() {
        return vec![Heard::Lost];
    }
    let sort = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Sort::Done,
        EventKind::Access(_) => return Vec::new(),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => Sort::Gone,
        // Both of its halves are told for themselves.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) if cfg!(target_os = "linux") => return Vec::new(),
        EventKind::Modify(ModifyKind::Metadata(_)) => Sort::Touched,
        _ => Sort::Began,
    };
    event.paths.into_iter().map(|path| Heard::Of(path, sort)).collect()
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    #[test]
    fn events() {
        for (kind, expected) in [
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), None),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), None),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), Some(Sort::Done)),
            (EventKind::Create(CreateKind::File), Some(Sort::Began)),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), Some(Sort::Began)),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), Some(Sort::Touched)),
            (EventKind::Modify(ModifyKind::Name(RenameMode::From)), Some(Sort::Gone)),
            (EventKind::Modify(ModifyKind::Name(RenameMode::To)), Some(Sort::Done)),
            (EventKind::Remove(RemoveKind::Folder), Some(Sort::Gone)),
            (EventKind::Any, Some(Sort::Began)),
        ] {
            let said = heard(Ok(Event::new(kind).add_path("a".into())));
            assert_eq!(
                said,
                expected.map(|sort| Heard::Of("a".into(), sort)).into_iter().collect::<Vec<_>>(),
                "{kind:?}"
            );
        }
        assert_eq!(heard(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))), [Heard::Lost]);
        assert_eq!(heard(Err(notify::Error::generic("it broke"))), [Heard::Lost]);
    }
}
