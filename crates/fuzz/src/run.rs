//! A run on one store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Client, Shared, possible};
use crate::document::Operation;
use crate::report::Report;
use crate::system::{Store, System};
use crate::watching::Watcher;

/// How often it is looked whether the other tenant's things are as they were.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What runs have in common.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The program of the server.
    pub(crate) program: PathBuf,
    pub(crate) operations: Vec<Operation>,
    pub(crate) seed: u64,
    pub(crate) duration: Duration,
    pub(crate) connections: u64,
    /// How many requests there are, at most.
    pub(crate) requests_max: u64,
}

/// Runs on one store. True if nothing was found; else the folder with the server's log is kept.
///
/// # Errors
/// If something doesn't start, or the server can't be reached.
pub(crate) async fn run(store: Store, setting: &Setting) -> anyhow::Result<bool> {
    let folder = tempfile::Builder::new()
        .prefix("stockroom-fuzz-")
        .tempdir()?;
    let outcome = on(store, setting, folder.path()).await;
    if !matches!(outcome, Ok(true)) {
        let (name, seed, kept) = (store.name(), setting.seed, folder.keep());
        println!(
            "{name}, seed {seed}: the server's log is in {}",
            kept.display()
        );
    }
    outcome
}

async fn on(store: Store, setting: &Setting, folder: &Path) -> anyhow::Result<bool> {
    let mut system = System::start(store, &setting.program, folder).await?;
    let (address, seed) = (system.address, setting.seed);
    let watcher = match system.watching.clone() {
        Some(tenant) => Some(Watcher::start(address, tenant, seed).await?),
        None => None,
    };
    let watcher = watcher.as_ref();
    let operations = possible(&setting.operations, &system.fuzzing);
    let report = Report::new(operations.iter().map(|operation| &*operation.id));
    let start = Instant::now();
    let shared = Arc::new(Shared {
        address,
        seed,
        operations,
        tenant: system.fuzzing.clone(),
        end: start + setting.duration,
        secrets: watcher.map(Watcher::secrets).unwrap_or_default(),
        report: Mutex::new(report),
    });
    let foreign = watcher.map(Watcher::ids).unwrap_or_default();
    let mut clients = JoinSet::new();
    for index in 0..setting.connections {
        let client = Client::new(Arc::clone(&shared), index, foreign.clone()).await?;
        clients.spawn(client.run(setting.requests_max / setting.connections));
    }
    let looks = drive(&mut clients, &shared, watcher).await?;
    if let Some(watcher) = watcher {
        for lost in watcher.lost_keys().await {
            shared.report().find(&lost, &lost);
        }
    }
    let mut faults = system.faults()?;
    if let Some(said) = system.verify().await? {
        faults.push(format!("`stockroom verify` finds fault: {said}"));
    }
    let mut report = shared.report();
    faults.extend(report.never_succeeded());
    for fault in faults {
        report.find(&fault, &format!("{fault} (seed {seed})"));
    }
    println!(
        "{}, seed {seed}, {:.0} s: {report}; {looks} looks at {} readings of another tenant",
        store.name(),
        start.elapsed().as_secs_f64(),
        watcher.map_or(0, Watcher::questions),
    );
    Ok(report.findings() == 0)
}

/// Waits for the clients, and looks at the other tenant's things meanwhile and at the end. Gives how
/// often it has looked.
async fn drive(
    clients: &mut JoinSet<anyhow::Result<()>>,
    shared: &Shared,
    watcher: Option<&Watcher>,
) -> anyhow::Result<u32> {
    let mut looks = 0;
    loop {
        let ended = tokio::time::timeout(LOOK_EVERY, async {
            while let Some(ended) = clients.join_next().await {
                ended??;
            }
            anyhow::Ok(())
        });
        let has_ended = match ended.await {
            Ok(ended) => ended.map(|()| true)?,
            Err(_) => false,
        };
        if let Some(watcher) = watcher {
            looks += 1;
            for change in watcher.changes().await? {
                let seed = shared.seed;
                shared
                    .report()
                    .find(&change, &format!("{change}\n  (seed {seed})"));
            }
        }
        if has_ended {
            return Ok(looks);
        }
    }
}
