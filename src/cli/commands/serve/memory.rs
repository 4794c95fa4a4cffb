use rustix::process::{Resource, Rlimit, setrlimit};

use crate::cli::failure::Failure;

/// Keeps what the process holds, secrets and keys among it, out of core dumps, and on Linux out of reach of other
/// processes of the same user.
pub(in crate::cli::commands) fn keep_private() -> Result<(), Failure> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)
        .map_err(|error| Failure::internal("cannot disable core dumps", &error))?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| {
            Failure::internal(
                "cannot protect the memory of the process from other processes",
                &error,
            )
        })?;
    }
    Ok(())
}
