use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use tempfile::{TempDir, tempdir};

/// "hello\n", whose SHA-256 any tool can tell.
const HELLO: Source = Source {
    name: "hello",
    bytes: 6,
    sha256: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A server that gives one answer and says what it was asked for.
fn serve(answer: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let request = lines.next().unwrap().unwrap();
        while !lines.next().unwrap().unwrap().is_empty() {}
        stream.write_all(&answer).unwrap();
        request
    });
    (url, server)
}

fn answer(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    answer("200 OK", body.len(), body)
}

/// A mirror where nobody answers.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// What a mirror's answer leads to; nothing may be left in the folder, no folder either.
fn attempts(mirror: &str) -> String {
    let folder = tempdir().unwrap();
    let inner = folder.path().join("data/mnist");
    let error = fetch_all(&[HELLO], &inner, &[mirror]).unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(error.help().starts_with("check the network connection"));
    match error {
        Error::Download { file, attempts } => {
            assert_eq!(file, "hello.gz");
            attempts
                .strip_prefix(&format!("  {mirror}hello.gz: "))
                .unwrap()
                .to_owned()
        }
        other => panic!("{other}"),
    }
}

fn folder_with(name: &str, bytes: &[u8]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    folder
}

#[test]
fn a_good_file() {
    let packed = gzip(b"hello\n");
    let (mirror, server) = serve(ok(&packed));
    let folder = tempdir().unwrap();
    let inner = folder.path().join("data/mnist");
    fetch_all(&[HELLO], &inner, &[&mirror]).unwrap();
    assert_eq!(server.join().unwrap(), "GET /hello.gz HTTP/1.1");
    assert_eq!(fs::read(inner.join("hello.gz")).unwrap(), packed);
    assert_eq!(
        fs::read_dir(inner).unwrap().count(),
        1,
        "the temporary file is gone"
    );
}

#[test]
fn the_second_mirror_if_the_first_fails() {
    let (first, _) = serve(answer("404 Not Found", 0, b""));
    let (second, _) = serve(ok(&gzip(b"hello\n")));
    let folder = tempdir().unwrap();
    fetch_all(&[HELLO], folder.path(), &[&first, &second]).unwrap();
}

#[test]
fn other_contents() {
    let (mirror, _) = serve(ok(&gzip(b"hullo\n")));
    let attempts = attempts(&mirror);
    assert!(
        attempts.starts_with("not the contents of MNIST's hello: SHA-256 "),
        "{attempts}"
    );
    assert!(attempts.ends_with(HELLO.sha256), "{attempts}");
}

#[test]
fn more_than_the_contents() {
    let (mirror, _) = serve(ok(&gzip(b"hello\n and more")));
    assert!(attempts(&mirror).starts_with("not the contents of MNIST's hello"));
}

#[test]
fn a_page_instead_of_the_file() {
    let (mirror, _) = serve(ok(b"<html>please log in</html>"));
    assert!(attempts(&mirror).starts_with("not the contents of MNIST's hello"));
}

#[test]
fn not_found() {
    let (mirror, _) = serve(answer("404 Not Found", 0, b""));
    assert!(attempts(&mirror).contains("404"));
}

#[test]
fn an_answer_that_breaks_off() {
    let packed = gzip(b"hello\n");
    let (mirror, _) = serve(answer("200 OK", packed.len(), &packed[..packed.len() / 2]));
    assert!(!attempts(&mirror).is_empty());
}

#[test]
fn a_gzip_file_that_breaks_off() {
    let packed = gzip(b"hello\n");
    let (mirror, _) = serve(ok(&packed[..packed.len() - 4]));
    assert!(attempts(&mirror).starts_with("the gzip data are damaged"));
}

#[test]
fn nobody_answers() {
    let attempts = attempts(&nobody());
    assert!(attempts.to_lowercase().contains("refused"), "{attempts}");
}

#[test]
fn files_that_are_there_are_kept() {
    for (name, bytes) in [
        ("hello", b"hello\n".to_vec()),
        ("hello.gz", gzip(b"hello\n")),
    ] {
        let folder = folder_with(name, &bytes);
        fetch_all(&[HELLO], folder.path(), &[&nobody()]).unwrap();
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), bytes);
    }
}

#[test]
fn other_files_that_are_there_are_neither_taken_nor_replaced() {
    for (name, bytes) in [("hello", b"mine".to_vec()), ("hello.gz", gzip(b"mine"))] {
        let folder = folder_with(name, &bytes);
        let error = fetch_all(&[HELLO], folder.path(), &[&nobody()]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("not the contents of MNIST's hello"),
            "{error}"
        );
        assert!(error.help().starts_with("remove it"));
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), bytes);
    }
}

#[test]
fn a_folder_that_cannot_be_made() {
    let folder = folder_with("file", b"");
    let error = fetch_all(&[HELLO], &folder.path().join("file/mnist"), &[&nobody()]).unwrap_err();
    assert!(error.to_string().starts_with("cannot create "), "{error}");
}
