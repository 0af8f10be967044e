//! One core: a thread with a runtime, listeners and everything it needs to answer on its own. Cores share the
//! snapshot, the cache of cold bodies and a count of connections; the rest is theirs alone, so nothing here is locked.

use std::{
    cell::{Cell, RefCell},
    io,
    net::IpAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use hyper::server::conn::http1;
use socket2::SockRef;
use tokio::net::TcpListener;

use crate::{
    map::{Bundle, EntryId, RepresentationId},
    observe::{AccessLog, Answer, Event, Metering, Registry, SiteCounters},
    site::{Host, Mode, SiteName},
};

use super::{
    access::{Arrival, Exchange},
    addresses::{Addresses, Held},
    connection::{self, Pending, Stream},
    hosts::Claim,
    listen::{Door, DoorSocket, Protocol, Way},
    live::LiveUpdates,
    password::Checker,
    past::Past,
    peer::Peer,
    request_id::{self, Ids},
    respond::Prepared,
    route::{self, Mount},
    rules::SiteRules,
    settings::Settings,
    shutdown::{Phase, Stop},
    snapshot::{LiveSite, Sites, Snapshot},
    watchdog::Watchdog,
};

/// What `/` answers when no site is mounted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A list of the sites.
    Index,
    /// 404
    Nothing,
}

/// What the cores share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) sites: Arc<Sites>,
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) access_log: Option<Arc<AccessLog>>,
    /// Connections open on all cores.
    pub(super) open: Arc<AtomicUsize>,
    pub(super) addresses: Arc<Addresses>,
    pub(super) checker: Arc<Checker>,
    pub(super) live: Option<Arc<LiveUpdates>>,
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) index: usize,
    pub(super) checker: Arc<Checker>,
    pub(super) sites: Arc<Sites>,
    pub(super) registry: Arc<Registry>,
    pub(super) watchdog: Rc<Watchdog>,
    /// In development only.
    pub(super) live_updates: Option<Arc<LiveUpdates>>,
    settings: RefCell<arc_swap::Cache<Arc<ArcSwap<Settings>>, Arc<Settings>>>,
    tuned: RefCell<Rc<Tuned>>,
    live: RefCell<arc_swap::Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>>,
    view: RefCell<Rc<View>>,
    /// Of requests that belong to no site.
    no_site: Arc<SiteCounters>,
    access_log: Option<Arc<AccessLog>>,
    ids: Ids,
    open: Arc<AtomicUsize>,
    addresses: Arc<Addresses>,
    refusing: Cell<usize>,
    draining: Cell<bool>,
    /// Where a small head and body are put together to be written at once.
    pub(super) joined: RefCell<Vec<u8>>,
}

/// The settings as one core uses them.
#[derive(Debug)]
pub(super) struct Tuned {
    shared: Arc<Settings>,
    pub(super) http1: http1::Builder,
    pub(super) hsts: Option<http::HeaderValue>,
}

/// A snapshot as one core serves it.
#[derive(Debug)]
pub(super) struct View {
    snapshot: Arc<Snapshot>,
    /// In the order of the snapshot's sites.
    mounted: Vec<Rc<Mounted>>,
    /// The host asked for last, as it was written, and whose it is: most requests of a core are for one host.
    last_host: RefCell<(Vec<u8>, Claim)>,
}

/// A site's generation on one core, with reference counts and prepared answers of its own.
#[derive(Debug)]
pub(super) struct Mounted {
    site: Arc<LiveSite>,
    bundle: Bundle,
    /// The answers last sent, each at its entry's number modulo the length, which is a power of two.
    prepared: RefCell<Box<[Option<Rc<Prepared>>]>>,
}

/// Answers a core keeps prepared per site: a few megabytes at most.
const PREPARED: usize = 4096;
/// When there are no descriptors left, we wait this long for some.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// Fields of a request that hyper has room for.
const FIELDS: usize = 100;
/// Connections over the limit that are told so at the same time, and listened to until they have understood; others are told as they are closed.
const REFUSING: usize = 64;

impl Core {
    fn new(index: usize, shared: &Shared) -> Self {
        let registry = Arc::clone(shared.sites.registry());
        Self {
            index,
            checker: Arc::clone(&shared.checker),
            sites: Arc::clone(&shared.sites),
            no_site: registry.site(Registry::NO_SITE),
            registry,
            watchdog: Rc::default(),
            settings: RefCell::new(arc_swap::Cache::new(Arc::clone(&shared.settings))),
            tuned: RefCell::new(Rc::new(Tuned::new(shared.settings.load_full(), shared.live.is_some()))),
            live_updates: shared.live.clone(),
            live: RefCell::new(arc_swap::Cache::new(Arc::clone(shared.sites.live()))),
            view: RefCell::new(Rc::new(View::new(shared.sites.live().load_full(), None))),
            access_log: shared.access_log.clone(),
            ids: Ids::new(),
            open: Arc::clone(&shared.open),
            addresses: Arc::clone(&shared.addresses),
            refusing: Cell::new(0),
            draining: Cell::new(false),
            joined: RefCell::new(Vec::new()),
        }
    }

    /// The live sites. Costs the comparison of two pointers while nothing changes.
    pub(super) fn view(&self) -> Rc<View> {
        let (mut live, mut view) = (self.live.borrow_mut(), self.view.borrow_mut());
        let live = live.load();
        if !Arc::ptr_eq(live, &view.snapshot) {
            *view = Rc::new(View::new(Arc::clone(live), Some(&view)));
        }
        Rc::clone(&view)
    }

    /// The settings of now. A connection keeps those it was opened with.
    pub(super) fn tuned(&self) -> Rc<Tuned> {
        let (mut settings, mut tuned) = (self.settings.borrow_mut(), self.tuned.borrow_mut());
        let settings = settings.load();
        if !Arc::ptr_eq(settings, &tuned.shared) {
            *tuned = Rc::new(Tuned::new(Arc::clone(settings), self.live_updates.is_some()));
        }
        Rc::clone(&tuned)
    }

    /// Notes what is to be known of a request when it has been answered.
    pub(super) fn arrival<B>(
        &self,
        request: &http::Request<B>,
        tuned: &Tuned,
        peer: &Peer,
        client: Option<IpAddr>,
    ) -> Arrival {
        let metering = self.registry.metering() == Metering::On;
        if self.access_log.is_none() && !tuned.request_ids && tuned.slow_request.is_none() {
            return Arrival { started: metering.then(Instant::now), exchange: None };
        }
        let time = SystemTime::now();
        let given = peer.trusted.then(|| request_id::given(request.headers())).flatten();
        let id = given.unwrap_or_else(|| self.ids.make(time));
        let exchange = Exchange::new(request, client, tuned.slow_request, time, id);
        Arrival { started: Some(Instant::now()), exchange: Some(Box::new(exchange)) }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// An answer was sent.
    pub(super) fn count(&self, sent: &Pending, answer: &Answer) {
        let site = sent.site.as_deref();
        if self.registry.metering() == Metering::On {
            site.map_or(&self.no_site, Mounted::counters).core(self.index).record(answer);
        }
        if let Some(exchange) = &sent.exchange {
            let site = site.map(|site| site.name().as_str());
            exchange.sent(self.index, self.access_log.as_deref(), site, sent.started, answer);
        }
    }

    /// A file of an older generation answers.
    pub(super) fn count_past(&self, site: &Mounted) {
        if self.registry.metering() == Metering::On {
            site.counters().core(self.index).from_past();
        }
    }

    /// A limit was reached.
    pub(super) fn note(&self, event: Event) {
        self.registry.note(self.index, event);
    }

    /// Serves a connection, or refuses it.
    fn admit<S: Stream>(self: &Rc<Self>, stream: S, mut peer: Peer, way: &Way)
    where
        for<'a> SockRef<'a>: From<&'a S>,
    {
        let tuned = self.tuned();
        let opened = match self.place_for(&tuned, &peer) {
            Ok(opened) => opened,
            Err(event) => return self.refuse(event, stream, way),
        };
        if way.proxy && !peer.trusted {
            return self.note(Event::Proxy);
        }
        peer.to_https = way.to_https();
        match (&way.protocol, way.proxy) {
            (_, true) => {
                let protocol = way.protocol.clone();
                tokio::task::spawn_local(connection::serve_proxied(opened, tuned, stream, peer, protocol));
            }
            (Protocol::Tls(tls), _) => {
                let tls = Arc::clone(tls);
                tokio::task::spawn_local(connection::serve_tls(opened, tuned, stream, peer, tls));
            }
            (Protocol::Plain | Protocol::ToHttps { .. }, _) => {
                tokio::task::spawn_local(connection::serve(opened, tuned, stream, peer));
            }
        }
    }

    /// Where all places are taken, a connection of this core that has no request gives its own up. It is counted until it
    /// has ended, which is the next thing that happens to it.
    fn place_for(self: &Rc<Self>, tuned: &Tuned, peer: &Peer) -> Result<Opened, Event> {
        let is_full = self.open.fetch_add(1, Relaxed) >= tuned.limits.connections;
        if is_full && !self.watchdog.make_room(Instant::now()) {
            self.open.fetch_sub(1, Relaxed);
            return Err(Event::Connections);
        }
        self.registry.connection_accepted(self.index);
        let mut opened = Opened { core: Rc::clone(self), held: None };
        opened.hold(peer, tuned)?;
        Ok(opened)
    }

    fn refuse<S: Stream>(self: &Rc<Self>, event: Event, stream: S, way: &Way)
    where
        for<'a> SockRef<'a>: From<&'a S>,
    {
        self.note(event);
        // Over TLS there is no way to say it without the work of a handshake.
        if matches!(way.protocol, Protocol::Tls(_)) {
            return;
        }
        if self.refusing.get() == REFUSING {
            return connection::refuse_at_once(&stream);
        }
        self.refusing.set(self.refusing.get() + 1);
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            connection::refuse(stream).await;
            core.refusing.set(core.refusing.get() - 1);
        });
    }
}

/// A connection's place among those that are open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) core: Rc<Core>,
    /// Not for trusted proxies.
    held: Option<Held>,
}

impl Opened {
    /// Takes a place among those of the peer's address. Trusted proxies need none.
    pub(super) fn hold(&mut self, peer: &Peer, tuned: &Tuned) -> Result<(), Event> {
        if let Some(address) = peer.address.filter(|_| !peer.trusted) {
            let held = self.core.addresses.hold(address, tuned.limits.connections_per_address);
            self.held = Some(held.ok_or(Event::ConnectionsPerAddress)?);
        }
        Ok(())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.core.open.fetch_sub(1, Relaxed);
        self.core.registry.connection_closed(self.core.index);
    }
}

impl Tuned {
    fn new(shared: Arc<Settings>, is_live: bool) -> Self {
        let mut http1 = http1::Builder::new();
        // The watchdog times everything, so hyper needs no timer. A page that hears messages says by closing that it is gone.
        http1.max_buf_size(shared.limits.head_bytes).half_close(!is_live).header_read_timeout(None);
        // As many as hyper finds room for without asking the allocator for each request.
        if shared.limits.fields != FIELDS {
            http1.max_headers(shared.limits.fields);
        }
        let hsts = shared.hsts.and_then(|hsts| http::HeaderValue::try_from(hsts.value()).ok());
        Self { shared, http1, hsts }
    }
}

impl std::ops::Deref for Tuned {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.shared
    }
}

impl View {
    /// Sites that stayed keep what was prepared for them.
    fn new(snapshot: Arc<Snapshot>, before: Option<&Self>) -> Self {
        let kept = |site: &Arc<LiveSite>| {
            before?.mounted.iter().find(|mounted| Arc::ptr_eq(&mounted.site, site)).map(Rc::clone)
        };
        let mounted =
            snapshot.sites().iter().map(|site| kept(site).unwrap_or_else(|| Rc::new(Mounted::new(site)))).collect();
        let last_host = RefCell::new((Vec::new(), snapshot.hosts().find(None)));
        Self { snapshot, mounted, last_host }
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whose the host of a request is, with or without a port. Costs nothing while no site has hosts of its own.
    pub(super) fn claim(&self, authority: &[u8]) -> Claim {
        let table = self.snapshot.hosts();
        if table.is_trivial() {
            return Claim::Default;
        }
        let (known, claim) = &mut *self.last_host.borrow_mut();
        if known != authority {
            let host = std::str::from_utf8(authority).ok().and_then(|text| Host::of_authority(text).ok());
            *claim = table.find(host.as_ref());
            known.clear();
            known.extend_from_slice(authority);
        }
        *claim
    }

    /// The site with a host of its own at this place.
    pub(super) fn site(&self, place: usize) -> &Rc<Mounted> {
        &self.mounted[place]
    }

    /// The site of a path on the default host.
    pub(super) fn mount<'a>(&self, path: &'a str) -> Mount<'a, &Rc<Mounted>> {
        let at = |place: usize| &self.mounted[place];
        route::mount(path, |name| self.snapshot.named(name).map(at), self.snapshot.root().map(at))
    }
}

impl Mounted {
    fn new(site: &Arc<LiveSite>) -> Self {
        let bundle = site.bundle().replica();
        let slots = (bundle.route_count() as usize).clamp(1, PREPARED).next_power_of_two();
        let prepared = RefCell::new((0..slots).map(|_| None).collect());
        Self { site: Arc::clone(site), bundle, prepared }
    }

    pub(super) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    pub(super) fn name(&self) -> &SiteName {
        self.site.name()
    }

    pub(super) fn mode(&self) -> Mode {
        self.site.mode()
    }

    /// What older generations still answer.
    pub(super) fn past(&self) -> arc_swap::Guard<Arc<Past>> {
        self.site.past()
    }

    /// `None` when the site says nothing beyond its routes.
    pub(super) fn rules(&self) -> Option<&SiteRules> {
        self.site.rules()
    }

    pub(super) fn is_resident(&self) -> bool {
        self.site.is_resident()
    }

    /// A body was asked for that may not be in memory.
    pub(super) fn note_hit(&self, id: RepresentationId) {
        self.site.hits().note(&self.bundle, id);
    }

    pub(super) fn counters(&self) -> &Arc<SiteCounters> {
        self.site.counters()
    }

    /// The answer of an entry, prepared now unless it was already.
    pub(super) fn prepared(&self, id: EntryId) -> Rc<Prepared> {
        let mut slots = self.prepared.borrow_mut();
        let place = id.index() & (slots.len() - 1);
        match &mut slots[place] {
            Some(prepared) if prepared.id == id => Rc::clone(prepared),
            slot => Rc::clone(slot.insert(Rc::new(Prepared::new(&self.bundle, id)))),
        }
    }
}

/// Serves on one core until told to stop, and a little longer for what is in flight.
pub(super) async fn run(index: usize, shared: Shared, doors: Vec<Door>, mut stop: Stop) -> io::Result<()> {
    let core = Rc::new(Core::new(index, &shared));
    let doors = doors.into_iter().map(|door| Ok((listener(door.socket)?, door.way)));
    let watched = Rc::clone(&core);
    let watching =
        tokio::task::spawn_local(async move { watched.watchdog.run(|| watched.tuned().limits.clone()).await });
    for door in doors.collect::<io::Result<Vec<_>>>()? {
        let (core, mut stop) = (Rc::clone(&core), stop.clone());
        tokio::task::spawn_local(async move { accept(&core, door.0, &door.1, &mut stop).await });
    }
    stop.reached(Phase::Draining).await;
    core.draining.set(true);
    if let Some(live) = &core.live_updates {
        live.close();
    }
    core.watchdog.wake_all();
    tokio::select! {
        () = core.watchdog.until_empty() => {}
        () = tokio::time::sleep(core.tuned().limits.grace) => {}
        () = stop.reached(Phase::Stopped) => {}
    }
    watching.abort();
    Ok(())
}

enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        listener: tokio::net::UnixListener,
        _file: Arc<super::unix_socket::SocketFile>,
    },
}

fn listener(socket: DoorSocket) -> io::Result<Listener> {
    match socket {
        DoorSocket::Tcp(socket) => {
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket).map(Listener::Tcp)
        }
        #[cfg(unix)]
        DoorSocket::Unix(socket) => {
            socket.listener.set_nonblocking(true)?;
            Ok(Listener::Unix { listener: tokio::net::UnixListener::from_std(socket.listener)?, _file: socket.file })
        }
    }
}

impl Listener {
    async fn admit_next(&self, core: &Rc<Core>, way: &Way) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                // Answers are written whole, so there is nothing to gain by waiting for more.
                let _ = stream.set_nodelay(true);
                core.admit(stream, Peer::at(from, &core.tuned().trusted), way);
            }
            #[cfg(unix)]
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                core.admit(stream, Peer::local(), way);
            }
        }
        Ok(())
    }
}

/// Accepts until told to stop. Whatever goes wrong with one connection, the next is waited for.
async fn accept(core: &Rc<Core>, listener: Listener, way: &Way, stop: &mut Stop) {
    let mut told = false;
    loop {
        let admitted = tokio::select! {
            biased;
            () = stop.reached(Phase::Draining) => return,
            admitted = listener.admit_next(core, way) => admitted,
        };
        match admitted {
            Ok(()) => told = false,
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: accepting at once would fail again, and spin.
                if !told {
                    tracing::error!(%error, "cannot accept connections; trying again until it works");
                    told = true;
                }
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
