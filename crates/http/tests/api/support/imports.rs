//! Imports.

use std::time::Duration;

use serde_json::Value;
use stockroom_application::Importer;
use tokio::sync::watch;

use super::TestApp;

impl TestApp {
    /// Sends a file of the store, and returns the id of its job.
    pub(crate) async fn import(&self, query: &str, file: &str) -> String {
        let request = self.request("POST".parse().unwrap(), "/v2/inventories/imports");
        let request = request.query(query).header("content-type", "text/csv");
        let answer = request.body(file).send().await;
        answer.expect_status(202);
        answer.created_id()
    }

    /// Works on the imports of all organizations until nothing is left to do.
    pub(crate) async fn finish_imports(&self) {
        let (stop, stopping) = watch::channel(false);
        let worker = tokio::spawn(Importer::new(&self.stockroom).run(stopping));
        while self.has_active_imports().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send_replace(true);
        worker.await.unwrap();
    }

    /// A job of the store as it is now.
    pub(crate) async fn import_job(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v2/inventories/imports/{id}"));
        answer.send().await.json()["data"].take()
    }
}
