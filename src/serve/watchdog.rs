//! Timeouts without timers. A connection says what it is doing by writing to cells of its own; once in a while its
//! core looks at all of them and closes those that have been at one thing for too long. A request costs no clock
//! reading and no timer for this, and a timeout fires at most a quarter late.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::limits::{FAREWELL, LINGER, Limits, MIN_RATE, QUIET};

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Whatever comes before HTTP: TLS, the word of a proxy.
    Handshake,
    /// Nothing has been read of a request, and none was answered yet.
    Fresh,
    /// Nothing has been read of the next request.
    Idle,
    /// The server stops, and nothing has been read of a request that may be on its way.
    Farewell,
    /// Part of a request's head was read.
    Head,
    /// A request's body is being read.
    Body,
    /// A request is being answered.
    Answer,
    /// Streams are open, and each has a pulse of its own.
    Streams,
    /// The last answer was sent; the client may still be sending.
    Linger,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// What the connection is doing.
    Phase,
    /// A request and its answer together.
    Request,
    /// To have a place while others have none.
    Place,
}

/// A moment of a connection, as the watchdog sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) phase: Phase,
    /// Changes whenever the connection goes on to another phase, even if it comes back to the same.
    pub(super) epoch: u32,
    /// Bytes since the connection was opened.
    pub(super) written: u64,
}

/// Since when a connection has been at one thing.
#[derive(Clone, Copy, Debug)]
struct Watch {
    seen: Sight,
    since: Instant,
    /// Since when it has been at the same request.
    request: Instant,
}

impl Watch {
    /// Looks again; says whose time is up, if any is.
    fn overdue(&mut self, now_seen: Sight, now: Instant, limits: &Limits) -> Option<Overdue> {
        if now_seen.epoch != self.seen.epoch {
            // An answer follows its request's body.
            let goes_on = (self.seen.phase, now_seen.phase) == (Phase::Body, Phase::Answer)
                && now_seen.epoch == self.seen.epoch.wrapping_add(1);
            *self = Self { seen: now_seen, since: now, request: if goes_on { self.request } else { now } };
            return None;
        }
        if matches!(now_seen.phase, Phase::Body | Phase::Answer)
            && now.saturating_duration_since(self.request) >= limits.request_timeout
        {
            return Some(Overdue::Request);
        }
        let elapsed = now.saturating_duration_since(self.since);
        let limit = match now_seen.phase {
            Phase::Handshake => limits.handshake_timeout,
            Phase::Fresh | Phase::Head => limits.header_timeout,
            Phase::Idle => limits.idle_timeout,
            Phase::Body => limits.body_timeout,
            Phase::Answer => limits.write_timeout,
            Phase::Farewell => FAREWELL,
            Phase::Streams => return None,
            Phase::Linger => LINGER,
        };
        if elapsed < limit {
            return None;
        }
        let progress = now_seen.written - self.seen.written;
        let due = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).saturating_mul(MIN_RATE) / 1000;
        if now_seen.phase == Phase::Answer && progress > due {
            *self = Self { seen: now_seen, since: now, ..*self };
            return None;
        }
        Some(Overdue::Phase)
    }
}

/// What a connection writes and its watchdog reads. One thread has both.
#[derive(Debug)]
pub(super) struct Pulse {
    phase: Cell<Phase>,
    epoch: Cell<u32>,
    written: Cell<u64>,
    overdue: Cell<Option<Overdue>>,
    waker: RefCell<Option<Waker>>,
}

impl Pulse {
    fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Fresh),
            epoch: Cell::new(0),
            written: Cell::new(0),
            overdue: Cell::new(None),
            waker: RefCell::new(None),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.overdue.set(None);
        self.phase.set(phase);
        self.epoch.set(self.epoch.get().wrapping_add(1));
    }

    pub(super) fn wrote(&self, bytes: u64) {
        self.written.set(self.written.get() + bytes);
    }

    pub(super) fn written(&self) -> u64 {
        self.written.get()
    }

    pub(super) fn timed_out(&self) -> bool {
        self.overdue.get().is_some()
    }

    pub(super) fn overdue(&self) -> Option<Overdue> {
        self.overdue.get()
    }

    /// The task to wake when the time is up, or when the server stops.
    pub(super) fn set_waker(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    fn sight(&self) -> Sight {
        Sight { phase: self.phase.get(), epoch: self.epoch.get(), written: self.written.get() }
    }
}

/// All connections of one core.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    watched: RefCell<BTreeMap<u64, (Rc<Pulse>, Watch)>>,
    next: Cell<u64>,
    /// Those that could make room when it was last wanted; `None` since the last look at all of them.
    quiet: RefCell<Option<Vec<(u64, u32)>>>,
    /// The first connection came, or the last one went.
    changed: Notify,
}

/// A connection's place on the list. Dropping it takes the connection off.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) pulse: Rc<Pulse>,
    watchdog: Rc<Watchdog>,
    number: u64,
}

impl Watchdog {
    pub(super) fn watch(self: &Rc<Self>, now: Instant) -> Watched {
        let pulse = Rc::new(Pulse::new());
        let number = self.next.get();
        self.next.set(number + 1);
        let watch = Watch { seen: pulse.sight(), since: now, request: now };
        self.watched.borrow_mut().insert(number, (Rc::clone(&pulse), watch));
        self.changed.notify_waiters();
        Watched { pulse, watchdog: Rc::clone(self), number }
    }

    /// Looks after the connections for as long as the server runs.
    /// `limits` are those of the moment.
    pub(super) async fn run(&self, limits: impl Fn() -> Limits) {
        loop {
            self.until(|count| count > 0).await;
            let limits = limits();
            tokio::time::sleep(interval(&limits)).await;
            self.look(Instant::now(), &limits);
        }
    }

    /// Ends the connection that has been without a request the longest, so that its place is free in a moment; `false`
    /// when none has been for long enough. They are gathered once between two looks: a flood costs no more than that.
    pub(super) fn make_room(&self, now: Instant) -> bool {
        let watched = self.watched.borrow();
        let mut quiet = self.quiet.borrow_mut();
        let quiet = quiet.get_or_insert_with(|| gather_quiet(&watched, now));
        while let Some((number, epoch)) = quiet.pop() {
            if let Some((pulse, _)) = watched.get(&number).filter(|(pulse, _)| pulse.epoch.get() == epoch) {
                pulse.overdue.set(Some(Overdue::Place));
                pulse.wake();
                return true;
            }
        }
        false
    }

    /// Waits until the last connection is gone.
    pub(super) async fn until_empty(&self) {
        self.until(|count| count == 0).await;
    }

    pub(super) fn wake_all(&self) {
        self.watched.borrow().values().for_each(|(pulse, _)| pulse.wake());
    }

    fn look(&self, now: Instant, limits: &Limits) {
        self.quiet.take();
        for (pulse, watch) in self.watched.borrow_mut().values_mut() {
            if let Some(overdue) = watch.overdue(pulse.sight(), now, limits) {
                pulse.overdue.set(Some(overdue));
                pulse.wake();
            }
        }
    }

    async fn until(&self, reached: impl Fn(usize) -> bool) {
        loop {
            let changed = self.changed.notified();
            if reached(self.watched.borrow().len()) {
                return;
            }
            changed.await;
        }
    }
}

impl Watched {
    /// What comes of `work`; `None` when its time was up before.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.pulse.set_waker(cx.waker());
            if self.pulse.timed_out() { Poll::Ready(None) } else { work.as_mut().poll(cx).map(Some) }
        })
        .await
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watched = self.watchdog.watched.borrow_mut();
        watched.remove(&self.number);
        if watched.is_empty() {
            self.watchdog.changed.notify_waiters();
        }
    }
}

/// Those that have been without a request for a while, the longest last, and their epochs.
fn gather_quiet(watched: &BTreeMap<u64, (Rc<Pulse>, Watch)>, now: Instant) -> Vec<(u64, u32)> {
    let mut quiet: Vec<_> = watched
        .iter()
        .filter(|(_, (pulse, watch))| {
            matches!(pulse.phase(), Phase::Fresh | Phase::Idle)
                && !pulse.timed_out()
                && pulse.epoch.get() == watch.seen.epoch
                && now.saturating_duration_since(watch.since) >= QUIET
        })
        .map(|(number, (_, watch))| (watch.since, *number, watch.seen.epoch))
        .collect();
    quiet.sort_unstable_by_key(|quiet| Reverse(*quiet));
    quiet.into_iter().map(|(_, number, epoch)| (number, epoch)).collect()
}

/// A quarter of the shortest timeout, but neither busy nor asleep.
fn interval(limits: &Limits) -> Duration {
    let Limits {
        handshake_timeout, header_timeout, idle_timeout, body_timeout, write_timeout, request_timeout, ..
    } = limits;
    let shortest = [handshake_timeout, header_timeout, idle_timeout, body_timeout, write_timeout, request_timeout]
        .into_iter()
        .min();
    (*shortest.unwrap_or(&LINGER) / 4).clamp(Duration::from_millis(5), Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Shows the watch what happens at each second, and says at which second the time was up.
    fn over_at(sights: impl Fn(u64) -> (Phase, u32, u64)) -> Option<u64> {
        let limits = Limits {
            header_timeout: 5 * SECOND,
            idle_timeout: 10 * SECOND,
            body_timeout: 7 * SECOND,
            write_timeout: 4 * SECOND,
            request_timeout: 50 * SECOND,
            ..Limits::default()
        };
        let start = Instant::now();
        let sight = |second| {
            let (phase, epoch, written) = sights(second);
            Sight { phase, epoch, written }
        };
        let mut watch = Watch { seen: sight(0), since: start, request: start };
        (1..100).find(|&second| {
            watch.overdue(sight(second), start + SECOND * u32::try_from(second).unwrap(), &limits).is_some()
        })
    }

    #[test]
    fn each_phase_has_its_time() {
        for (phase, expected) in [
            (Phase::Fresh, 5),
            (Phase::Head, 5),
            (Phase::Idle, 10),
            (Phase::Body, 7),
            (Phase::Answer, 4),
            (Phase::Linger, 2),
        ] {
            assert_eq!(over_at(|_| (phase, 0, 0)), Some(expected), "{phase:?}");
        }
    }

    #[test]
    fn the_longest_without_a_request_makes_room() {
        let start = Instant::now();
        let watchdog = Rc::new(Watchdog::default());
        let all = [0; 4].map(|_| watchdog.watch(start));
        let [_fresh, first, second, busy] = &all;
        let at = |seconds| start + SECOND * seconds;
        // Whether there is room at some second, and who has ended by then.
        let room = |seconds| {
            let made = watchdog.make_room(at(seconds));
            (made, (0..all.len()).filter(|&nth| all[nth].pulse.timed_out()).collect::<Vec<_>>())
        };
        assert_eq!(room(0), (false, vec![]), "a request may be on its way");
        first.pulse.enter(Phase::Idle);
        second.pulse.enter(Phase::Idle);
        busy.pulse.enter(Phase::Answer);
        watchdog.look(at(1), &Limits::default());
        // Was asked for something since.
        second.pulse.enter(Phase::Idle);
        assert_eq!(room(2), (true, vec![0]));
        // Is asked when its turn is next.
        first.pulse.enter(Phase::Head);
        assert_eq!(room(2), (false, vec![0]));
        watchdog.look(at(3), &Limits::default());
        assert_eq!(room(4), (true, vec![0, 2]));
        assert_eq!(room(4), (false, vec![0, 2]));
    }

    #[test]
    fn a_head_that_trickles_in_gains_no_time_by_it() {
        assert_eq!(over_at(|second| if second < 3 { (Phase::Idle, 0, 0) } else { (Phase::Head, 1, 0) }), Some(8));
    }

    #[test]
    fn a_busy_connection_is_never_over() {
        assert_eq!(over_at(|second| (Phase::Idle, u32::try_from(second / 3).unwrap(), 0)), None);
    }

    #[test]
    fn no_pace_is_good_for_ever() {
        let answer = |second| (Phase::Answer, 1, second * 10 * MIN_RATE);
        assert_eq!(over_at(answer), Some(50));
        assert_eq!(over_at(|second| if second < 5 { (Phase::Body, 0, 0) } else { answer(second) }), Some(50));
        assert_eq!(
            over_at(|second| (Phase::Answer, u32::try_from(second / 40).unwrap(), second * 10 * MIN_RATE)),
            None
        );
    }

    #[test]
    fn an_answer_must_be_taken_at_a_pace() {
        assert_eq!(over_at(|second| (Phase::Answer, 0, second)), Some(4));
        assert_eq!(over_at(|second| (Phase::Answer, 0, second.min(9) * 10 * MIN_RATE)), Some(16));
    }
}
