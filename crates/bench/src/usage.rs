//! What processes used up, as Linux tells.

use procfs::process::{ClearRefs, Process, Stat, all_processes};
use procfs::{CurrentSI as _, KernelStats};
use serde::{Deserialize, Serialize};

/// The processes to be looked at beside the one that makes the load.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Watched {
    /// The server's.
    pub(crate) server: Option<u32>,
    /// The one that all of PostgreSQL's are children of.
    pub(crate) postgres: Option<u32>,
}

/// Processor time in seconds; none of what isn't watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessorTime {
    pub(crate) load: f64,
    pub(crate) server: Option<f64>,
    pub(crate) postgres: Option<f64>,
    /// Of the whole machine, with what the hypervisor gave to others.
    pub(crate) machine: f64,
}

impl Watched {
    /// The processor time so far.
    ///
    /// # Errors
    /// If a process is gone.
    pub(crate) fn processor_time(self) -> anyhow::Result<ProcessorTime> {
        Ok(ProcessorTime {
            load: seconds(own(&Process::myself()?.stat()?)),
            server: self.server.map(of_process).transpose()?,
            postgres: self.postgres.map(of_family).transpose()?,
            machine: of_machine()?,
        })
    }

    /// Has the server's peak memory counted from now on.
    ///
    /// # Errors
    /// If the process is gone, or is someone else's.
    pub(crate) fn reset_peak_memory(self) -> anyhow::Result<()> {
        if let Some(server) = self.server {
            process(server)?.clear_refs(ClearRefs::PeakRSS)?;
        }
        Ok(())
    }

    /// The memory that the server has, in bytes.
    ///
    /// # Errors
    /// If the process is gone.
    pub(crate) fn memory(self) -> anyhow::Result<Option<u64>> {
        let Some(server) = self.server else {
            return Ok(None);
        };
        let kibibytes = process(server)?.status()?.vmrss;
        Ok(kibibytes.map(|kibibytes| kibibytes * 1024))
    }

    /// The most memory that the server had, in bytes.
    ///
    /// # Errors
    /// If the process is gone.
    pub(crate) fn peak_memory(self) -> anyhow::Result<Option<u64>> {
        let Some(server) = self.server else {
            return Ok(None);
        };
        let kibibytes = process(server)?.status()?.vmhwm;
        Ok(kibibytes.map(|kibibytes| kibibytes * 1024))
    }
}

impl ProcessorTime {
    /// What was used between an earlier time and this one.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let both = |now: Option<f64>, before: Option<f64>| Some(now? - before?);
        Self {
            load: self.load - earlier.load,
            server: both(self.server, earlier.server),
            postgres: both(self.postgres, earlier.postgres),
            machine: self.machine - earlier.machine,
        }
    }

    /// What nothing that belongs to the measurement used.
    pub(crate) fn of_others(&self) -> f64 {
        let own = self.load + self.server.unwrap_or(0.0) + self.postgres.unwrap_or(0.0);
        // Ticks are counted at different moments.
        (self.machine - own).max(0.0)
    }
}

fn process(id: u32) -> anyhow::Result<Process> {
    Ok(Process::new(id.try_into()?)?)
}

fn of_process(id: u32) -> anyhow::Result<f64> {
    Ok(seconds(own(&process(id)?.stat()?)))
}

/// Of a process and its children, also those that have ended.
fn of_family(id: u32) -> anyhow::Result<f64> {
    let parent = process(id)?.stat()?;
    let ended = parent.cutime.saturating_add(parent.cstime);
    let running = all_processes()?
        // One that ends meanwhile is among the ended ones next time.
        .filter_map(|process| process.ok()?.stat().ok())
        .filter(|child| child.ppid == parent.pid)
        .map(|child| own(&child));
    let ticks = own(&parent) + u64::try_from(ended).unwrap_or(0) + running.sum::<u64>();
    Ok(seconds(ticks))
}

fn of_machine() -> anyhow::Result<f64> {
    let all = KernelStats::current()?.total;
    let more = [all.irq, all.softirq, all.steal].into_iter().flatten();
    Ok(seconds(
        all.user + all.nice + all.system + more.sum::<u64>(),
    ))
}

const fn own(stat: &Stat) -> u64 {
    stat.utime.saturating_add(stat.stime)
}

#[expect(clippy::cast_precision_loss, reason = "processes don't run for ages")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_can_be_watched() {
        let id = std::process::id();
        let watched = Watched {
            server: Some(id),
            postgres: Some(id),
        };
        let before = watched.processor_time().unwrap();
        let used = watched.processor_time().unwrap().since(&before);
        assert!(
            used.load >= 0.0
                && used.machine >= 0.0
                && used.server >= Some(0.0)
                && used.postgres >= Some(0.0)
        );
        watched.reset_peak_memory().unwrap();
        assert!(watched.peak_memory().unwrap().unwrap() > 100_000);
    }

    #[test]
    fn others_have_what_is_left() {
        let mut time = ProcessorTime {
            load: 1.0,
            server: Some(0.5),
            postgres: None,
            machine: 2.0,
        };
        assert!((time.of_others() - 0.5).abs() < 1e-9);
        time.machine = 1.4;
        assert!(time.of_others() < 1e-9);
    }

    #[test]
    fn what_is_not_watched_is_not_reported() {
        let watched = Watched::default();
        let time = watched.processor_time().unwrap();
        assert_eq!((time.server, time.postgres), (None, None));
        assert_eq!(watched.peak_memory().unwrap(), None);
    }
}
