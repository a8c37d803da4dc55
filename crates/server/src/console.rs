//! The console beside the API, or on an address of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use stockroom_application::Stockroom;

use crate::cli::Serve;

/// The console, and the place where it is served.
pub(crate) struct Console {
    /// The address of its first page, for people on this machine.
    pub(crate) address: Option<SocketAddr>,
    listener: Option<TcpListener>,
}

impl Console {
    /// The console that the settings ask for, beside the API at this address or at its own.
    ///
    /// # Errors
    /// If its own address can't be listened on.
    pub(crate) fn bind(settings: &Serve, api: SocketAddr) -> anyhow::Result<Self> {
        let console = &settings.console;
        if console.no_console || !cfg!(feature = "console") {
            return Ok(Self {
                address: None,
                listener: None,
            });
        }
        let listener = console.console_listen.map(crate::serve::bind).transpose()?;
        let own = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        Ok(Self {
            address: Some(own.unwrap_or(api)),
            listener,
        })
    }

    /// The API with the console beside it, or the console with its own listener.
    pub(crate) fn add(
        self,
        api: Router,
        stockroom: &Arc<Stockroom>,
        settings: &Serve,
        database: &'static str,
    ) -> (Router, Option<(TcpListener, Router)>) {
        if self.address.is_none() {
            return (api, None);
        }
        let console = router(stockroom, settings, database);
        match self.listener {
            None => (api.merge(console), None),
            Some(listener) => (api, Some((listener, console))),
        }
    }
}

#[cfg(feature = "console")]
fn router(stockroom: &Arc<Stockroom>, settings: &Serve, database: &'static str) -> Router {
    use std::time::Duration;

    use stockroom_console::{About, Options};

    let options = Options {
        request_timeout: Duration::from_secs(settings.request_timeout_seconds),
        import_bytes_max: settings.import_bytes_max as usize,
        trusted_proxies: settings.console.trusted_proxies.clone(),
        about: About {
            version: env!("CARGO_PKG_VERSION"),
            database,
        },
        ..Options::default()
    };
    stockroom_console::router(Arc::clone(stockroom), options)
}

#[cfg(not(feature = "console"))]
fn router(_: &Arc<Stockroom>, _: &Serve, _: &'static str) -> Router {
    Router::new()
}
