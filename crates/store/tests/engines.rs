//! Both engines pass the same suite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;
mod suite;

use std::cell::Cell;

use sekisho_store::Store;

#[tokio::test]
async fn sqlite_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let next = Cell::new(0);
    suite::check(&|| {
        next.set(next.get() + 1);
        let url = format!("sqlite:{}/{}.db", folder.path().display(), next.get());
        Box::pin(async move { Store::open(&url).await.unwrap() })
    })
    .await;
}

#[tokio::test]
async fn postgres_passes_the_suite() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    let next = Cell::new(0);
    suite::check(&|| {
        next.set(next.get() + 1);
        let name = format!("case{}", next.get());
        let (admin, url) = (server.url("postgres"), server.url(&name));
        Box::pin(async move {
            server::create(&admin, &name).await;
            Store::open(&url).await.unwrap()
        })
    })
    .await;
}
