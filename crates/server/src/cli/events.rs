//! Settings of events.

use clap::Args;

/// How long events are kept, and how many may follow them.
#[derive(Debug, Clone, Args)]
pub(crate) struct EventSettings {
    /// The time for which events are kept, in days.
    #[arg(
        long,
        env = "STOCKROOM_EVENT_DAYS",
        value_name = "DAYS",
        default_value = "7",
        value_parser = clap::value_parser!(u64).range(1..=3_650)
    )]
    pub(crate) event_days: u64,

    /// The size up to which the events of each organization are kept, in bytes. A movement takes
    /// about 24.
    #[arg(
        long,
        env = "STOCKROOM_EVENT_BYTES_MAX",
        value_name = "BYTES",
        default_value = "20000000000",
        value_parser = clap::value_parser!(u64).range(1_000_000..)
    )]
    pub(crate) event_bytes_max: u64,

    /// The maximum number of streams of events at once. Requests that wait for events count as
    /// streams. Further ones are refused with 429.
    #[arg(
        long,
        env = "STOCKROOM_EVENT_STREAMS_MAX",
        value_name = "STREAMS",
        default_value = "4000",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) event_streams_max: u32,

    /// The maximum number of streams of events of one organization at once.
    #[arg(
        long,
        env = "STOCKROOM_ORGANIZATION_EVENT_STREAMS_MAX",
        value_name = "STREAMS",
        default_value = "100",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) organization_event_streams_max: u32,
}
