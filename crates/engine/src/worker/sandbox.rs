//! Locks this process in: no file may be opened, no socket made, no program run, no more memory taken than agreed.
//!
//! Linux: Landlock with no path and no port allowed where the kernel has it, then seccomp with a list of the calls that
//! a computation needs; every other call answers EPERM. Elsewhere only the limits hold.

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::Error;

/// What holds after [`lock_in`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// seccomp filters system calls.
    pub seccomp: bool,
    /// Landlock: `full`, `partial` or `none`.
    pub landlock: &'static str,
}

/// Locks this process in for good. It may take `memory` bytes more than it holds now.
///
/// Everything that is needed later has to be open, read and built before.
///
/// # Errors
/// When limits or the filter of system calls cannot be set. A missing Landlock is no error: the filter alone forbids to
/// open anything.
pub fn lock_in(memory: u64) -> Result<Report, Error> {
    limit_memory(memory)?;
    let report = restrict()?;
    tracing::debug!(seccomp = report.seccomp, landlock = report.landlock, memory, "locked in");
    Ok(report)
}

fn limit_memory(memory: u64) -> Result<(), Error> {
    let failed = |error: rustix::io::Errno| Error::Worker(format!("memory cannot be limited: {error}"));
    let limit = Some(mapped().saturating_add(memory));
    setrlimit(Resource::As, Rlimit { current: limit, maximum: limit }).map_err(failed)?;
    // No core file: it would hold the message.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(failed)
}

/// Bytes of address space in use.
fn mapped() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    pages.unwrap_or(0).saturating_mul(rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
fn restrict() -> Result<Report, Error> {
    Ok(Report { seccomp: false, landlock: "none" })
}

#[cfg(target_os = "linux")]
fn restrict() -> Result<Report, Error> {
    let landlock = linux::landlock();
    linux::seccomp().map_err(|error| Error::Worker(format!("system calls cannot be filtered: {error}")))?;
    Ok(Report { seccomp: true, landlock })
}

#[cfg(target_os = "linux")]
mod linux {
    //! The two mechanisms.

    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError, RulesetStatus, Scope,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    /// Calls that a computation over memory and two pipes needs.
    const ALLOWED: &[i64] = &[
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_clock_gettime,
        libc::SYS_gettimeofday,
        libc::SYS_nanosleep,
        libc::SYS_clock_nanosleep,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// Everything that Landlock knows is handled, and nothing allowed.
    pub(super) fn landlock() -> &'static str {
        let restricted = || -> Result<RulesetStatus, RulesetError> {
            let newest = ABI::V6;
            let ruleset = Ruleset::default()
                .handle_access(AccessFs::from_all(newest))?
                .handle_access(AccessNet::from_all(newest))?
                .scope(Scope::from_all(newest))?
                .create()?;
            Ok(ruleset.restrict_self()?.ruleset)
        };
        match restricted() {
            Ok(RulesetStatus::FullyEnforced) => "full",
            Ok(RulesetStatus::PartiallyEnforced) => "partial",
            Ok(RulesetStatus::NotEnforced) | Err(_) => "none",
        }
    }

    pub(super) fn seccomp() -> Result<(), Box<dyn std::error::Error>> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        // Memory, but none that is both filled by us and run: third argument without PROT_EXEC.
        let not_executable = || -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
            let exec = u64::from(libc::PROT_EXEC.unsigned_abs());
            let condition =
                SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(exec), 0)?;
            Ok(vec![SeccompRule::new(vec![condition])?])
        };
        rules.insert(libc::SYS_mmap, not_executable()?);
        rules.insert(libc::SYS_mprotect, not_executable()?);
        // A process that aborts sends the signal to itself, and only to itself.
        let own = u64::from(std::process::id());
        let to_itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![to_itself])?]);
        let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
        let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, architecture)?;
        let program: BpfProgram = filter.try_into()?;
        apply_filter(&program)?;
        Ok(())
    }
}

/// Tries what a worker must not be able to do and says what the system answered: for tests, and for whoever wants to
/// see that the lock holds on a machine.
pub fn attempts() -> Vec<(&'static str, String)> {
    fn said<T>(result: std::io::Result<T>) -> String {
        match result {
            Ok(_) => "ALLOWED".to_owned(),
            Err(error) => error.raw_os_error().map_or_else(
                || error.to_string(),
                |code| match code {
                    1 => "EPERM".to_owned(),
                    code => format!("errno {code}"),
                },
            ),
        }
    }
    let port = std::net::SocketAddr::from(([127, 0, 0, 1], 25));
    vec![
        ("open /etc/passwd", said(std::fs::File::open("/etc/passwd"))),
        ("create a file", said(std::fs::File::create(std::env::temp_dir().join("sekisho-worker-test")))),
        ("read a folder", said(std::fs::read_dir("/"))),
        ("remove a file", said(std::fs::remove_file("/nonexistent"))),
        ("TCP connection", said(std::net::TcpStream::connect(port))),
        ("TCP listener", said(std::net::TcpListener::bind("127.0.0.1:0"))),
        ("UDP socket", said(std::net::UdpSocket::bind("127.0.0.1:0"))),
        ("run a program", said(std::process::Command::new("/bin/true").spawn())),
        ("thread", said(std::thread::Builder::new().spawn(|| {}))),
    ]
}
