//! PostgreSQL in a folder of its own, with the programs of this machine.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// For tests: nothing has to survive a power cut, and many may run at once.
pub(crate) const SETTINGS: [&str; 4] = [
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "autovacuum_naptime=5s",
];

/// What a running cluster has in its folder to keep others away.
const LOCKS: [&str; 2] = ["data/postmaster.pid", ".s.PGSQL.5432.lock"];

/// How often it is looked whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Makes a cluster in the folder `$1` with the programs in `$2` and the settings `$3`, says when
/// it is up, and takes all of it away when its input ends: also when whoever started it was killed.
const KEEPER: &str = r#"
set -eu
trap 'rm -rf "$1"' EXIT
cd "$1"
"$2/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
    >setup 2>&1 || { cat setup >&2; exit 1; }
"$2/pg_ctl" --pgdata=data --log=log --options="$3" --wait start \
    >setup 2>&1 || { cat setup log >&2; exit 1; }
echo ready
read -r _ || true
"$2/pg_ctl" --pgdata=data --mode=immediate stop >setup 2>&1
"#;

/// The folder with the programs of a PostgreSQL server, if there is one: out of `PATH`, else the
/// newest of Debian's.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut debian: Vec<PathBuf> = debian
        .filter_map(|version| Some(version.ok()?.path()))
        .collect();
    debian.sort_by_key(|version| {
        let number = version.file_name()?.to_str()?.parse::<u32>();
        number.ok()
    });
    let debian = debian.into_iter().rev().map(|version| version.join("bin"));
    env::split_paths(&path).chain(debian).find(has_all)
}

/// A running cluster. It stops when this is dropped.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    options: String,
    /// Who runs it, and the group, if it isn't who runs this.
    user: Option<(u32, u32)>,
    keeper: Child,
}

impl Cluster {
    /// Makes a cluster and starts it with these settings, each a `name=value`.
    ///
    /// # Errors
    /// If one of the programs fails.
    pub async fn start(programs: &Path, settings: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("stockroom-postgres-")
            .tempdir()?
            .keep();
        // PostgreSQL refuses to run as root.
        let user = user_instead_of_root().await?;
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group))?;
        }
        let socket = format!("-k '{}' -c listen_addresses=''", folder.display());
        let settings = settings.iter().map(|setting| format!(" -c {setting}"));
        let options = socket + &settings.collect::<String>();
        let mut keeper = command("sh", user)
            .args(["-c", KEEPER, "sh"])
            .args([&folder, programs])
            .arg(&options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = keeper.stdout.take().context("the keeper has no output")?;
        let ready = BufReader::new(output).lines().next_line().await?;
        ensure!(ready.is_some(), "it doesn't start");
        Ok(Self {
            folder,
            programs: programs.to_owned(),
            options,
            user,
            keeper,
        })
    }

    /// Ends it without a checkpoint, and without a word to its clients.
    pub(crate) async fn crash(&self) -> anyhow::Result<()> {
        self.control(&["--mode=immediate", "stop"]).await
    }

    /// Ends all its processes at once, as the kernel does, and waits until they are gone.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        let parent = self.process()?;
        // It is to start no others while the ones that there are end.
        send(parent, Signal::STOP)?;
        let processes = self.processes()?;
        for process in processes.iter().rev() {
            // It may have ended by itself.
            drop(send(*process, Signal::KILL));
        }
        for process in processes {
            while is_running(process) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        // They name a process that PostgreSQL takes to be running as long as nobody has taken
        // notice of its end.
        for lock in LOCKS {
            fs::remove_file(self.folder.join(lock))?;
        }
        Ok(())
    }

    /// Stops all its processes where they are, or lets them go on: clients see a server that takes
    /// what they send, and is silent.
    pub(crate) fn freeze(&self, freeze: bool) -> anyhow::Result<()> {
        let signal = if freeze { Signal::STOP } else { Signal::CONT };
        for process in self.processes()? {
            let sent = send(process, signal);
            // A child may have ended since it was listed.
            let is_gone = |error: &anyhow::Error| error.downcast_ref() == Some(&Errno::SRCH);
            if !sent.as_ref().is_err_and(is_gone) {
                sent?;
            }
        }
        Ok(())
    }

    /// All its processes, the parent of the others first.
    fn processes(&self) -> anyhow::Result<Vec<u32>> {
        let parent = self.process()?;
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
        let children = children.split_whitespace().map(str::parse);
        let processes: Result<Vec<u32>, _> = [Ok(parent)].into_iter().chain(children).collect();
        Ok(processes?)
    }

    /// Starts it after a crash.
    pub(crate) async fn restart(&self) -> anyhow::Result<()> {
        let options = format!("--options={}", self.options);
        self.control(&["--log=log", &options, "--wait", "start"])
            .await
    }

    async fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let status = command(self.programs.join("pg_ctl"), self.user)
            .current_dir(&self.folder)
            .args(["--silent", "--pgdata=data"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .await?;
        ensure!(status.success(), "pg_ctl {arguments:?}: {status}");
        Ok(())
    }

    /// A URL for it: it has a socket in its folder, and no port that another one might have.
    #[must_use]
    pub fn url(&self) -> String {
        let folder = self.folder.display();
        format!("postgres://postgres@localhost/postgres?host={folder}")
    }

    /// The folder with its socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that it writes its log to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The id of the process whose children all its other processes are.
    ///
    /// # Errors
    /// If it doesn't run.
    pub fn process(&self) -> anyhow::Result<u32> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let id = file.lines().next().context("the file is empty")?;
        Ok(id.parse()?)
    }

    /// Stops it, and waits until it is gone.
    ///
    /// # Errors
    /// If it doesn't stop.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.keeper.stdin.take());
        let status = self.keeper.wait().await?;
        ensure!(status.success(), "it doesn't stop");
        Ok(())
    }
}

fn send(process: u32, signal: Signal) -> anyhow::Result<()> {
    let process = Pid::from_raw(process.try_into()?).context("no process")?;
    Ok(kill_process(process, signal)?)
}

/// Whether a process is there, and not only what its parent hasn't taken notice of yet.
fn is_running(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = status.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

fn command(program: impl AsRef<OsStr>, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir("/")
        // A Ctrl-C is for the tests: what they started ends with them.
        .process_group(0);
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// Who is to run what root may not run: the user and the group, if this is root.
pub(crate) async fn user_instead_of_root() -> anyhow::Result<Option<(u32, u32)>> {
    if !rustix::process::getuid().is_root() {
        return Ok(None);
    }
    for user in ["postgres", "nobody"] {
        if let (Ok(user), Ok(group)) = (id("-u", user).await, id("-g", user).await) {
            return Ok(Some((user, group)));
        }
    }
    anyhow::bail!("there is no user to run it as, and it won't run as root")
}

async fn id(option: &str, user: &str) -> anyhow::Result<u32> {
    let output = Command::new("id").args([option, user]).output().await?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.trim().parse()?)
}
