//! Between a store and its server: counts round trips.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};

/// What the pool says to a connection that is given back, to see whether it still works (`Sync`). Nobody waits for it.
const GIVEN_BACK: &[u8] = b"S\0\0\0\x04";

/// Begins to pass everything on from a port of this machine, and to count how often the client asks something after the server spoke, and the connections.
pub async fn start(socket: PathBuf) -> (u16, Arc<AtomicU64>, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let turns = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&turns);
    let connections = Arc::new(AtomicU64::new(0));
    let opened = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(pass(client, UnixStream::connect(&socket).await.unwrap(), Arc::clone(&counted)));
        }
    });
    (port, turns, connections)
}

async fn pass(mut client: TcpStream, mut server: UnixStream, turns: Arc<AtomicU64>) {
    let (mut asked, mut told) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut client_spoke = false;
    loop {
        tokio::select! {
            Ok(n) = client.read(&mut asked) => {
                if n == 0 { return; }
                if !client_spoke && &asked[..n] != GIVEN_BACK { turns.fetch_add(1, Ordering::SeqCst); }
                client_spoke = true;
                server.write_all(&asked[..n]).await.unwrap();
            }
            Ok(n) = server.read(&mut told) => {
                if n == 0 { return; }
                client_spoke = false;
                client.write_all(&told[..n]).await.unwrap();
            }
        }
    }
}
