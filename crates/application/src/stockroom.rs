//! The entry point to all use cases.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::Counter;
use stockroom_domain::{
    Answer, Answered, Command, Idempotency, OrganizationId, Owner, RefusalKind, StoreId, Timestamp,
};
use tokio::sync::{Notify, watch};

use crate::access::{self, Administrator, Caller, KeyRing, SigningKey, Tokens, Writer};
use crate::environment::Environment;
use crate::error::{AccessError, Error};
use crate::pipeline::{Pipeline, Turns, timed, within};
use crate::ports::{Database, StoreError, WebhookBodies};
use crate::webhooks::WebhookSender;

/// The time within which a database that is ready answers.
const PING_TIMEOUT: Duration = Duration::from_secs(3);

/// The time after which a refresh is given up, and tried again.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(5);

/// The number of idempotency records deleted in one transaction, and the pause between two transactions,
/// so that changes don't wait for long.
const FORGOTTEN_MAX: u32 = 1_000;
const FORGETTING_PAUSE: Duration = Duration::from_millis(20);

/// Limits that use cases apply.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest number of changes in the queue.
    pub queue_max: usize,
    /// The largest number of requests that a store may make per second, if that is limited.
    pub store_rate_limit: Option<u32>,
    /// The time for which the answer to a request with an idempotency key is stored.
    pub idempotency_retention: Duration,
    /// The time for which events are kept.
    pub event_retention: Duration,
    /// The size up to which the events of an organization are kept, in bytes.
    pub event_bytes_max: u64,
    /// The largest number of streams of events at once, of all organizations together. Requests that
    /// wait for events count as streams.
    pub streams_max: usize,
    /// The largest number of streams of events of one organization at once.
    pub organization_streams_max: usize,
}

impl Limits {
    fn kept_milliseconds(&self) -> i64 {
        i64::try_from(self.idempotency_retention.as_millis()).unwrap_or(i64::MAX)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_max: 4096,
            store_rate_limit: None,
            // (Source: the HTTP contract.)
            idempotency_retention: Duration::from_hours(24),
            // (Source: the contract of events.)
            event_retention: Duration::from_hours(7 * 24),
            event_bytes_max: 20_000_000_000,
            streams_max: 4_000,
            organization_streams_max: 100,
        }
    }
}

/// All use cases on one database.
pub struct Stockroom {
    pub(crate) pipeline: Pipeline,
    pub(crate) environment: Environment,
    pub(crate) limits: Limits,
    pub(crate) tokens: Arc<Tokens>,
    /// Stores that are known to exist. Stores are never deleted, so this is never out of date.
    known_stores: RwLock<HashSet<(OrganizationId, StoreId)>>,
    operations: Operations,
    pub(crate) webhooks: Option<Webhooks>,
    /// Each organization verifies one stock at a time: a verification keeps a processor busy.
    pub(crate) verifications: Turns<OrganizationId>,
    /// The streams of events that are open.
    pub(crate) streams: Turns<OrganizationId>,
    /// Whether streams of events have been told to end.
    pub(crate) streams_end: watch::Sender<bool>,
    /// The exports that are being read.
    pub(crate) exports: Turns<OrganizationId>,
    /// The files that are being received.
    pub(crate) uploads: Turns<OrganizationId>,
    /// Tells that an import has work to do.
    pub(crate) imports_wake: Notify,
}

/// The largest number of requests to receivers of one organization's integrations at once, and of all.
const WEBHOOKS_OF_ORGANIZATION_MAX: usize = 64;
const WEBHOOKS_MAX: usize = 256;

/// The largest number of exports of one organization at once. (Source: the contract of exports.)
pub(crate) const EXPORTS_OF_ORGANIZATION_MAX: usize = 2;

/// The largest number of files of one organization that are received at once, and of all: each takes the
/// memory of a chunk.
pub(crate) const UPLOADS_OF_ORGANIZATION_MAX: usize = 2;
const UPLOADS_MAX: usize = 8;

/// The way to send webhooks.
#[derive(Clone)]
pub(crate) struct Webhooks {
    pub(crate) sender: Arc<dyn WebhookSender>,
    pub(crate) bodies: Arc<dyn WebhookBodies>,
    /// Limits the requests under way, which take memory and connections.
    pub(crate) turns: Arc<Turns<OrganizationId>>,
}

/// Counters of operations, by action and outcome. They are stored here because finding a counter by its
/// labels takes longer than counting.
#[derive(Default)]
struct Operations(RwLock<HashMap<(&'static str, &'static str), Counter>>);

impl Operations {
    fn count(&self, action: &'static str, outcome: &'static str) {
        let known = |counters: &HashMap<_, Counter>| counters.get(&(action, outcome)).cloned();
        let counter = known(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let counter = counter.unwrap_or_else(|| {
            let counter = metrics::counter!(
                "stockroom_operations_total",
                "action" => action,
                "outcome" => outcome,
            );
            let mut counters = self.0.write().unwrap_or_else(PoisonError::into_inner);
            counters.insert((action, outcome), counter.clone());
            counter
        });
        counter.increment(1);
    }
}

impl Stockroom {
    /// A Stockroom on a database whose schema is up to date. Tokens are signed with `signing_key` or, if
    /// it is `None`, with a key that all servers on the database share. That key is made at the first
    /// start and replaced by [`rotate_signing_key`](crate::access::rotate_signing_key).
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn open(
        database: Arc<dyn Database>,
        environment: Environment,
        limits: Limits,
        signing_key: Option<SigningKey>,
    ) -> Result<Self, StoreError> {
        let keys = match &signing_key {
            Some(key) => KeyRing::given(key),
            None => KeyRing::open(&*database, &environment).await?,
        };
        let stockroom = Self {
            pipeline: Pipeline::new(database, &environment, limits.queue_max),
            environment,
            limits,
            tokens: Arc::new(Tokens::new(keys)),
            known_stores: RwLock::default(),
            operations: Operations::default(),
            webhooks: None,
            verifications: Turns::new(1),
            streams: Turns::limited(limits.organization_streams_max, limits.streams_max),
            streams_end: watch::Sender::default(),
            exports: Turns::new(EXPORTS_OF_ORGANIZATION_MAX),
            uploads: Turns::limited(UPLOADS_OF_ORGANIZATION_MAX, UPLOADS_MAX),
            imports_wake: Notify::new(),
        };
        stockroom.refresh_revocations().await?;
        Ok(stockroom)
    }

    /// The same with a way to send webhooks, without which integrations can't be given an address.
    #[must_use]
    pub fn with_webhooks(
        self,
        sender: Arc<dyn WebhookSender>,
        bodies: Arc<dyn WebhookBodies>,
    ) -> Self {
        let webhooks = Webhooks {
            sender,
            bodies,
            turns: Arc::new(Turns::limited(WEBHOOKS_OF_ORGANIZATION_MAX, WEBHOOKS_MAX)),
        };
        Self {
            webhooks: Some(webhooks),
            ..self
        }
    }

    /// Ends all streams of events, and all requests that wait for events; from now on nobody may open a
    /// stream. To be called when the server begins to stop, so that nothing waits for them.
    pub fn end_streams(&self) {
        self.streams_end.send_replace(true);
    }

    /// Accepts no more changes, and waits until the accepted ones are stored.
    pub async fn close(&self) {
        self.pipeline.close().await;
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.environment.now()
    }

    /// An id for a request that has none.
    #[must_use]
    pub fn new_request_id(&self) -> String {
        self.environment.next_id().to_string()
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it doesn't answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        within(PING_TIMEOUT, self.pipeline.records().ping()).await
    }

    /// The same caller, acting in a store.
    ///
    /// # Errors
    /// [`AccessError`] if the store isn't one that the caller's key may act in, or the database
    /// fails.
    pub async fn act_in(&self, caller: Caller, store: StoreId) -> Result<Caller, AccessError> {
        match caller.actor.key_owner {
            Owner::Store(own) if own == store => Ok(caller),
            Owner::Store(_) => Err(AccessError::StoreNotFound),
            Owner::Organization => {
                self.check_store(caller.organization, store).await?;
                let mut caller = caller;
                caller.actor.acting = Owner::Store(store);
                Ok(caller)
            }
        }
    }

    async fn check_store(
        &self,
        organization: OrganizationId,
        store: StoreId,
    ) -> Result<(), AccessError> {
        if self.has_seen_store(organization, store) {
            return Ok(());
        }
        let found = timed("store", self.pipeline.records().store(organization, store)).await?;
        found.ok_or(AccessError::StoreNotFound)?;
        self.known_stores
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((organization, store));
        Ok(())
    }

    /// Whether the organization is known to have this store, without a database call.
    #[must_use]
    pub fn has_seen_store(&self, organization: OrganizationId, store: StoreId) -> bool {
        let stores = self.known_stores.read();
        let stores = stores.unwrap_or_else(PoisonError::into_inner);
        stores.contains(&(organization, store))
    }

    /// Reads revocations of tokens made by other servers. To be called several times a second, so that a
    /// revocation takes effect everywhere within a second.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then the known revocations stay as they are.
    pub async fn refresh_revocations(&self) -> Result<(), StoreError> {
        let oldest = self.oldest_living_token();
        let revocations = self.pipeline.records().revocations_since(oldest);
        let revocations = within(REFRESH_TIMEOUT, revocations).await?;
        self.tokens.revoke(revocations);
        self.tokens.forget_revocations(oldest);
        Ok(())
    }

    /// Reads replaced signing keys. To be called several times a second, so that a new key is known
    /// everywhere before it signs, and a dropped key is rejected everywhere within a second.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then the keys stay as they are.
    pub async fn refresh_signing_keys(&self) -> Result<(), StoreError> {
        let keys = self.tokens.keys();
        let renewed = keys.renewed(self.pipeline.records());
        if let Some(renewed) = within(REFRESH_TIMEOUT, renewed).await? {
            self.tokens.replace_keys(renewed);
        }
        Ok(())
    }

    /// Deletes revocations of tokens that have expired. To be called regularly.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn forget_revocations(&self) -> Result<(), StoreError> {
        let oldest = self.oldest_living_token();
        let forget = self.pipeline.records().forget_revocations(oldest);
        timed("forget_revocations", forget).await
    }

    /// Deletes expired idempotency records, in small steps. To be called regularly.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn forget_answers(&self) -> Result<(), StoreError> {
        let now = self.now();
        for organization in self.organizations().await? {
            loop {
                let forget = self
                    .pipeline
                    .forget_answers(organization.id, now, FORGOTTEN_MAX);
                if forget.await? < u64::from(FORGOTTEN_MAX) {
                    break;
                }
                tokio::time::sleep(FORGETTING_PAUSE).await;
            }
        }
        Ok(())
    }

    /// Time of issue of the oldest token that may still be valid, with a margin for clocks that differ
    /// between servers: a revocation has the time of the server that made it.
    fn oldest_living_token(&self) -> Timestamp {
        const CLOCK_MARGIN_SECONDS: i64 = 24 * 60 * 60;
        let seconds = access::token::SESSION_SECONDS + CLOCK_MARGIN_SECONDS;
        self.now().plus_milliseconds(-seconds * 1_000)
    }

    /// Carries out a request for a change.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails. A refused request changes nothing.
    pub async fn execute<R: Answered>(
        &self,
        writer: &Writer,
        request: R,
    ) -> Result<R::Answer, Error> {
        self.carry_out(writer.administrator(), request).await
    }

    /// The same for a caller of whom it was not checked that it may change things.
    pub(crate) async fn carry_out<R: Answered>(
        &self,
        administrator: &Administrator,
        request: R,
    ) -> Result<R::Answer, Error> {
        let caller = administrator.caller();
        let name = request.name();
        let mut command = Command::new(caller.actor.clone(), request);
        let keyed = administrator.idempotency();
        command.idempotency = keyed.map(|keyed| Idempotency {
            key: keyed.key.clone(),
            request: keyed.request,
            kept_milliseconds: self.limits.kept_milliseconds(),
        });
        let submitted = self.pipeline.submit(caller.organization, command).await;
        self.operations.count(name, outcome_label(&submitted));
        let answer = match submitted? {
            Answer::Replayed(outcome) => {
                if let Some(keyed) = keyed {
                    keyed.is_replayed.store(true, Ordering::Relaxed);
                }
                (*outcome)?
            }
            answer => answer,
        };
        let answer = R::take(answer);
        answer.ok_or_else(|| StoreError::Failed("the answer has another type".into()).into())
    }
}

fn outcome_label(submitted: &Result<Answer, Error>) -> &'static str {
    match submitted {
        Ok(Answer::Replayed(_)) => "replayed",
        Ok(_) => "accepted",
        Err(Error::Refused(refusal)) => match refusal.kind() {
            RefusalKind::Forbidden => "forbidden",
            RefusalKind::Invalid => "invalid",
            RefusalKind::NotFound => "not_found",
            RefusalKind::Conflict => "conflict",
            RefusalKind::Unprocessable => "unprocessable",
        },
        Err(Error::Busy { .. }) => "busy",
        Err(Error::Store(StoreError::Unavailable(_))) => "unavailable",
        Err(_) => "failed",
    }
}
