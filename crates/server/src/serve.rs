//! Serving: start, run, and stop without losing anything.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum_server::Handle;
use metrics_exporter_prometheus::PrometheusHandle;
use stockroom_application::{Deliverer, FirstStart, Importer, Limits, Stockroom};
use stockroom_domain::ProductId;
use stockroom_http::DeliveryBodies;
use stockroom_webhooks::WebhookClient;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tracing_appender::non_blocking::ErrorCounter;

use crate::cli::Serve;
use crate::connections::Connections;
use crate::console::Console;
use crate::database::OpenDatabase;
use crate::demo::Demo;
use crate::health::Readiness;
use crate::{connections, demo, health, logging, metrics};

/// A revocation or a new signing key has to take effect on every server within a second.
const REFRESH_INTERVAL: Duration = Duration::from_millis(250);
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_mins(10);
/// The interval at which figures are counted for the metrics.
const WATCH_INTERVAL: Duration = Duration::from_secs(15);

/// The time between two looks for transfers that have become overdue.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(15);
/// The maximum number of connections to the metrics.
const METRICS_CONNECTIONS_MAX: usize = 128;
const METRICS_UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Serves the API until the process is told to stop.
///
/// # Errors
/// If a setting is invalid, or the database or an address is unavailable.
pub(crate) async fn run(settings: Serve) -> anyhow::Result<()> {
    let log = logging::start(settings.log_format, &settings.log)?;
    let metrics = metrics::install()?;
    // Invalid settings are reported before anything is opened or created.
    let signing_key = settings.signing.key()?;
    let is_in_memory = settings.is_in_memory()?;
    let listener = bind(settings.listen)?;
    let metrics_listener = bind(settings.metrics_listen)?;
    let address = listener.local_addr()?;
    let metrics_address = metrics_listener.local_addr()?;
    let console = Console::bind(&settings, address)?;

    let demo = settings.demo.then(Demo::default);
    let environment = demo::environment(demo.as_ref());
    let database = if is_in_memory {
        OpenDatabase::in_memory(&environment)
    } else {
        OpenDatabase::open_or_create(&settings.database, &environment).await?
    };
    let limits = limits(&settings);
    let sender = WebhookClient::new(environment.clone(), settings.webhooks.settings())?;
    let stockroom = Stockroom::open(database.ports(), environment, limits, signing_key).await?;
    let stockroom = stockroom.with_webhooks(Arc::new(sender), Arc::new(DeliveryBodies));
    let stockroom = Arc::new(stockroom);
    let selling = show_start(&stockroom, demo, address, console.address).await?;
    let mut housekeeping = start_housekeeping(&stockroom, &metrics, log.lost());
    housekeeping.extend(selling);
    let sweep_seconds = settings.expiry_sweep_seconds;
    housekeeping.extend(watch_reservations(&stockroom, sweep_seconds));

    let (readiness, looking) = Readiness::watch(Arc::clone(&stockroom)).await;
    housekeeping.push(looking);
    let health = health::health(Arc::clone(&stockroom), readiness);
    let api = stockroom_http::router(Arc::clone(&stockroom), options(&settings));
    let api = api.merge(health.clone());
    let (api, apart) = console.add(api, &stockroom, &settings, database.kind());
    let inside = metrics::endpoint(metrics).merge(health);
    let header_timeout = Duration::from_secs(settings.header_timeout_seconds);
    let handle = Handle::new();
    let clients = Connections::new(connections::possible(settings.connections_max));
    let apart = serve_apart(apart, clients.clone(), handle.clone(), header_timeout);
    let api = serve(listener, api, clients, handle.clone(), header_timeout);
    let observers = Connections::new(METRICS_CONNECTIONS_MAX);
    let inside = serve(
        metrics_listener,
        inside,
        observers,
        handle.clone(),
        header_timeout,
    );
    tracing::info!(
        listen = %address,
        metrics.listen = %metrics_address,
        "serving"
    );
    let shutdown_timeout = Duration::from_secs(settings.shutdown_timeout_seconds);
    let (stop, stopping) = watch::channel(false);
    stockroom.end_abandoned_leases().await?;
    let imports = tokio::spawn(Importer::new(&stockroom).run(stopping.clone()));
    let deliveries = deliver(&stockroom, &settings, stopping);
    let stopper = stop_on_signal(
        Arc::clone(&stockroom),
        handle,
        shutdown_timeout,
        stop.clone(),
    )?;
    tokio::spawn(stopper);
    let served = tokio::try_join!(api, apart, inside);
    stop.send_replace(true);
    for task in housekeeping {
        task.abort();
    }
    let closed = close([deliveries, imports], &stockroom, &database);
    if tokio::time::timeout(shutdown_timeout, closed)
        .await
        .is_err()
    {
        tracing::warn!("the database didn't finish what was under way");
    }
    served.context("the server failed")?;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for all that is under way, and closes the database.
async fn close(workers: [JoinHandle<()>; 2], stockroom: &Stockroom, database: &OpenDatabase) {
    for worker in workers {
        if let Err(error) = worker.await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the delivery of webhooks, or an import, broke off");
        }
    }
    stockroom.close().await;
    database.close().await;
}

/// Starts sending webhooks, until `stop` is true.
fn deliver(
    stockroom: &Arc<Stockroom>,
    settings: &Serve,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let deliverer = Deliverer::new(stockroom).filter(|_| settings.webhooks.deliver());
    tokio::spawn(async {
        if let Some(deliverer) = deliverer {
            deliverer.run(stop).await;
        }
    })
}

fn limits(settings: &Serve) -> Limits {
    Limits {
        queue_max: settings.queued_changes_max as usize,
        store_rate_limit: limit(settings.store_rate_limit),
        idempotency_retention: Duration::from_secs(settings.idempotency_hours * 60 * 60),
        event_retention: Duration::from_hours(settings.events.event_days * 24),
        event_bytes_max: settings.events.event_bytes_max,
        streams_max: settings.events.event_streams_max as usize,
        organization_streams_max: settings.events.organization_event_streams_max as usize,
    }
}

fn options(settings: &Serve) -> stockroom_http::Options {
    stockroom_http::Options {
        body_bytes_max: settings.body_bytes_max as usize,
        batch_bytes_max: settings.batch_bytes_max as usize,
        import_bytes_max: settings.import_bytes_max as usize,
        request_timeout: Duration::from_secs(settings.request_timeout_seconds),
        concurrent_requests_max: settings.concurrent_requests_max as usize,
        organization_rate_limit: limit(settings.organization_rate_limit),
        store_rate_limit: limit(settings.store_rate_limit),
    }
}

/// In settings, 0 means no limit.
const fn limit(setting: u32) -> Option<u32> {
    if setting == 0 { None } else { Some(setting) }
}

pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the console on its own address, if it has one.
async fn serve_apart(
    apart: Option<(TcpListener, Router)>,
    connections: Connections,
    handle: Handle<SocketAddr>,
    header_timeout: Duration,
) -> std::io::Result<()> {
    match apart {
        Some((listener, router)) => {
            serve(listener, router, connections, handle, header_timeout).await
        }
        None => Ok(()),
    }
}

async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Connections,
    handle: Handle<SocketAddr>,
    header_timeout: Duration,
) -> std::io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(connections)
        .http1_only()
        .first_request_timeout(header_timeout)
        .handle(handle);
    server
        .http_builder()
        .http1()
        .header_read_timeout(header_timeout)
        .max_buf_size(64 * 1024);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    server.serve(service).await
}

/// Starts the periodic tasks beside the requests.
fn start_housekeeping(
    stockroom: &Arc<Stockroom>,
    metrics: &PrometheusHandle,
    lost_lines: ErrorCounter,
) -> Vec<JoinHandle<()>> {
    let refreshing = Arc::clone(stockroom);
    let refresh = tokio::spawn(every(REFRESH_INTERVAL, async move || {
        if let Err(error) = refreshing.refresh_revocations().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "revocations could not be refreshed");
        }
        if let Err(error) = refreshing.refresh_signing_keys().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "signing keys could not be refreshed");
        }
    }));
    let forgetting = Arc::clone(stockroom);
    let forget = tokio::spawn(every(HOUSEKEEPING_INTERVAL, async move || {
        if let Err(error) = forgetting.forget_revocations().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old revocations could not be cleared away");
        }
        if let Err(error) = forgetting.forget_answers().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old answers could not be cleared away");
        }
        if let Err(error) = forgetting.forget_delivery_logs().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old logs of deliveries could not be cleared away");
        }
        if let Err(error) = forgetting.forget_events().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old events could not be cleared away");
        }
        if let Err(error) = forgetting.forget_imports().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old imports could not be cleared away");
        }
    }));
    let metrics = metrics.clone();
    let upkeep = tokio::spawn(every(METRICS_UPKEEP_INTERVAL, async move || {
        metrics.run_upkeep();
        let lost = lost_lines.dropped_lines() as u64;
        ::metrics::counter!("stockroom_log_lines_lost_total").absolute(lost);
    }));
    vec![refresh, forget, upkeep]
}

/// Starts updating the metrics of reservations and integrations, storing unpaid reservations as expired, and
/// announcing overdue transfers.
fn watch_reservations(stockroom: &Arc<Stockroom>, sweep_seconds: u64) -> Vec<JoinHandle<()>> {
    let watching = Arc::clone(stockroom);
    let watch = tokio::spawn(every(WATCH_INTERVAL, async move || {
        if let Err(error) = watching.watch_reservations().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "reservations could not be counted");
        }
        if let Err(error) = watching.watch_integrations().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "disabled integrations could not be counted");
        }
    }));
    let mut tasks = vec![watch];
    if sweep_seconds > 0 {
        let expiring = Arc::clone(stockroom);
        let period = Duration::from_secs(sweep_seconds);
        tasks.push(tokio::spawn(every(period, async move || {
            if let Err(error) = expiring.expire_reservations().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "reservations could not be stored as expired");
            }
        })));
    }
    let announcing = Arc::clone(stockroom);
    tasks.push(tokio::spawn(every(ANNOUNCE_INTERVAL, async move || {
        if let Err(error) = announcing.announce_overdue().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "overdue transfers could not be announced");
        }
    })));
    tasks
}

async fn every(period: Duration, mut work: impl AsyncFnMut()) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work().await;
    }
}

/// On SIGTERM or SIGINT, ends all streams of events, accepts no new connections, and gives requests in
/// progress time to finish.
fn stop_on_signal(
    stockroom: Arc<Stockroom>,
    handle: Handle<SocketAddr>,
    timeout: Duration,
    stop: watch::Sender<bool>,
) -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stockroom.end_streams();
        stop.send_replace(true);
        handle.graceful_shutdown(Some(timeout));
    })
}

/// Makes a demonstration, if there is to be one, and prints a key for it; returns the task that has it go
/// on. Else does what is due at the first start.
async fn show_start(
    stockroom: &Arc<Stockroom>,
    demo: Option<Demo>,
    address: SocketAddr,
    console: Option<SocketAddr>,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    if let Some(demo) = demo {
        return demo.start(stockroom, address, console).await.map(Some);
    }
    show_first_start(stockroom, address, console).await?;
    Ok(None)
}

/// At the first start, makes a key and prints it.
async fn show_first_start(
    stockroom: &Stockroom,
    address: SocketAddr,
    console: Option<SocketAddr>,
) -> anyhow::Result<()> {
    if let Some(first) = stockroom.first_start().await? {
        print_first_start(&first, &stockroom.new_product_id(), address, console)
            .context("the first key can't be printed; the next start creates another")?;
        stockroom.first_start_shown().await?;
    }
    Ok(())
}

fn print_first_start(
    first: &FirstStart,
    product: &ProductId,
    address: SocketAddr,
    console: Option<SocketAddr>,
) -> std::io::Result<()> {
    let key = &first.key;
    let address = health::on_this_machine(address);
    let console = console.map_or_else(String::new, |console| {
        let console = health::on_this_machine(console);
        format!("\nOr open http://{console}/console/ and sign in with the client_id and the client_secret.\n")
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        r#"
Stockroom starts for the first time. Made for you, and shown this once:

  organization  {organization}  ({organization_name})
  store         {store}  ({store_name})
  key           {key_id}  ({key_name}, of the store)
  client_id     {client_id}
  client_secret {client_secret}

Paste this to create stock of 100 pieces of a product:

curl -i -X POST http://{address}/v2/inventories/{product} -H "Authorization: Bearer $(curl -s http://{address}/oauth/access_token -d grant_type=client_credentials -d client_id={client_id} -d client_secret={client_secret} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')" -H 'Content-Type: application/json' -d '{{"data":{{"quantity":100}}}}'
{console}"#,
        organization = first.organization.id,
        organization_name = first.organization.name,
        store = first.store.id,
        store_name = first.store.name,
        key_id = key.key.id,
        key_name = key.key.name,
        client_id = key.key.client_id,
        client_secret = key.client_secret,
    )?;
    stdout.flush()
}
