//! How many requests a second; printed by
//! `cargo nextest run -p sekisho-intake --run-ignored only --no-capture requests_a_second`.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::door::{Door, crlf};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn requests_a_second() {
    let door = Door::open().await;
    let body = crlf(&format!("Subject: Hello\n\n{}", "A line of a message like many others.\n".repeat(100)));
    let request = format!(
        "POST /checkv2 HTTP/1.1\r\nFrom: <a@b.c>\r\nRcpt: <d@e.f>\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let (begin, mut count) = (Instant::now(), 0_u32);
    let mut reply = vec![0; 64 << 10];
    while begin.elapsed() < Duration::from_secs(5) {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = 0;
        while !reply[..read].ends_with(b"}") {
            read += stream.read(&mut reply[read..]).await.unwrap();
        }
        assert!(reply.starts_with(b"HTTP/1.1 200 OK"));
        count += 1;
    }
    println!(
        "{:.0} requests a second of {} bytes, one connection",
        f64::from(count) / begin.elapsed().as_secs_f64(),
        body.len()
    );
}
