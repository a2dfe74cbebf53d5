//! Message bytes: compressed, encrypted, addressed by their content, in a folder or an S3-compatible store.
//!
//! An object is `SKO`, a version, a nonce and ciphertext. Keys are derived from the key file: one makes addresses
//! (a keyed hash of the plain bytes, so that an address tells nobody else which message it is, and the same message has
//! other addresses elsewhere), one makes the key of each object from its address. What is read is authenticated, and
//! compared with its address again. The key file is all that is needed to read everything: keep a copy of it apart from
//! the objects.

use std::{
    collections::BTreeMap,
    fmt,
    io::{Cursor, Read as _, Write as _},
    path::Path,
    sync::Arc,
};

use flate2::read::DeflateDecoder;
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path as Location,
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};

use crate::{Signing, StoreError, Tickets, limits, text::hex};

/// First bytes of every object: who wrote it and in which form.
const MAGIC: &[u8; 4] = b"SKO1";
/// First byte of what is encrypted: as it was, deflated (written until 2026, read for ever), or Zstandard (RFC 8878).
const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;
const ZSTANDARD: u8 = 2;

/// The secret from which everything is derived.
pub struct Key {
    address: hmac::Key,
    objects: hmac::Key,
    tickets: hmac::Key,
    banners: [u8; 32],
    console: hmac::Key,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A secret of its own for one purpose.
fn derived_bytes(root: &hmac::Key, what: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(hmac::sign(root, what.as_bytes()).as_ref()).for_each(|(slot, byte)| *slot = *byte);
    out
}

impl Key {
    /// From its 32 bytes.
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derive =
            |what: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, what.as_bytes()).as_ref());
        Self {
            address: derive("sekisho object addresses 1"),
            objects: derive("sekisho object keys 1"),
            tickets: derive("sekisho tickets 1"),
            banners: derived_bytes(&root, "sekisho banners 1"),
            console: derive("sekisho console 1"),
        }
    }

    /// The secret by which banners of this installation are known. A worker may have it: it opens nothing that is kept,
    /// and signs no link.
    pub fn banners(&self) -> [u8; 32] {
        self.banners
    }

    /// The key of signed links.
    pub fn tickets(&self) -> Tickets {
        Tickets::new(self.tickets.clone())
    }

    /// The key of the console's sessions and forms.
    pub fn signing(&self) -> Signing {
        Signing::new(self.console.clone())
    }

    /// Reads a key file: exactly 32 bytes, for its owner only.
    ///
    /// # Errors
    /// [`StoreError::Key`] when it is missing, of another length, or others may read it.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let wrong = |what: &dyn fmt::Display| StoreError::Key(format!("key file {}: {what}", path.display()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path).map_err(|e| wrong(&e))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(wrong(&format_args!(
                    "others may read it (mode {:o}); chmod 600 it",
                    mode & 0o777
                )));
            }
        }
        let mut secret = Vec::new();
        let file = std::fs::File::open(path).map_err(|e| wrong(&e))?;
        file.take(33).read_to_end(&mut secret).map_err(|e| wrong(&e))?;
        let secret: [u8; 32] =
            secret.try_into().map_err(|v: Vec<u8>| wrong(&format_args!("{} bytes, not 32", v.len())))?;
        Ok(Self::from_bytes(&secret))
    }

    /// Makes a key file of random bytes, readable by its owner only; an existing file is never replaced. Whoever is killed
    /// meanwhile leaves none, or a whole one.
    ///
    /// # Errors
    /// [`StoreError::Key`] when it cannot be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let wrong = |what: &dyn fmt::Display| StoreError::Key(format!("key file {}: {what}", path.display()));
        let mut secret = [0_u8; 32];
        SystemRandom::new().fill(&mut secret).map_err(|_| wrong(&"the system gives no random bytes"))?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let new = path.with_extension(format!("new{}", std::process::id()));
        // Left behind by somebody who was killed, and had our number.
        let _ = std::fs::remove_file(&new);
        let mut file = options.open(&new).map_err(|e| wrong(&e))?;
        file.write_all(&secret).and_then(|()| file.sync_all()).map_err(|e| wrong(&e))?;
        let linked = std::fs::hard_link(&new, path);
        std::fs::remove_file(&new).map_err(|e| wrong(&e))?;
        linked.map_err(|e| wrong(&e))?;
        Ok(Self::from_bytes(&secret))
    }

    fn object(&self, address: &str) -> Result<LessSafeKey, StoreError> {
        let tag = hmac::sign(&self.objects, address.as_bytes());
        UnboundKey::new(&AES_256_GCM, tag.as_ref())
            .map(LessSafeKey::new)
            .map_err(|_| StoreError::Key("no object key".to_owned()))
    }
}

/// Bytes that are compressed and encrypted, ready to be written. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sealed {
    address: String,
    size: usize,
    payload: PutPayload,
}

impl Sealed {
    /// The address of the plain bytes.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many bytes it was before compression.
    pub fn plain_bytes(&self) -> usize {
        self.size
    }

    /// How many bytes will be written.
    pub fn stored_bytes(&self) -> usize {
        self.payload.content_length()
    }
}

/// An object store with its key. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bytes {
    store: Arc<dyn ObjectStore>,
    /// Whether what was written is on the disk, or at the remote store.
    synced: bool,
    /// Where they are, if in a folder.
    folder: Option<Arc<Path>>,
    key: Arc<Key>,
}

impl Bytes {
    /// Opens a folder (a path or `file:///path`; it is made) or, with the feature `s3`, `s3://bucket/prefix`. For S3 the
    /// options are those of the `object_store` crate (`aws_endpoint`, `aws_region`, …); what is missing is taken from
    /// the environment (`AWS_ACCESS_KEY_ID`, …).
    ///
    /// # Errors
    /// [`StoreError::Url`] when there is no such store, [`StoreError::Gone`] when the folder cannot be made.
    pub fn open(url: &str, options: &BTreeMap<String, String>, key: Key) -> Result<Self, StoreError> {
        Self::open_with(url, options, key, true)
    }

    /// The same without waiting for the disk, as history does not either: killing the program loses nothing that was
    /// written; after a power failure the last moments may be missing from a folder, and a reader is told so.
    ///
    /// # Errors
    /// As [`Bytes::open`].
    pub fn open_unsynced(
        url: &str,
        options: &BTreeMap<String, String>,
        key: Key,
    ) -> Result<Self, StoreError> {
        Self::open_with(url, options, key, false)
    }

    fn open_with(
        url: &str,
        options: &BTreeMap<String, String>,
        key: Key,
        sync: bool,
    ) -> Result<Self, StoreError> {
        let remote = url.starts_with("s3://");
        let store: Arc<dyn ObjectStore> =
            if remote { s3(url, options)? } else { Arc::new(folder(url, sync)?) };
        let folder = (!remote).then(|| Arc::from(place(url)));
        Ok(Self { store, synced: sync || remote, folder, key: Arc::new(key) })
    }

    /// The key of signed links, derived from the same key file.
    pub fn tickets(&self) -> Tickets {
        self.key.tickets()
    }

    /// The key of the console's sessions and forms, derived from the same key file.
    pub fn signing(&self) -> Signing {
        self.key.signing()
    }

    /// Whether what was written survives a power failure.
    pub(crate) fn synced(&self) -> bool {
        self.synced
    }

    /// What tells keys apart without telling the key: 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        let tag = hmac::sign(&self.key.objects, b"sekisho key fingerprint 1");
        hex(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// The address of these bytes: 64 hexadecimal digits.
    pub fn address(&self, plain: &[u8]) -> String {
        hex(hmac::sign(&self.key.address, plain).as_ref())
    }

    /// Writes bytes and returns their address. Once it returns, they are on the disk (a folder is synced) or at the
    /// remote store.
    ///
    /// # Errors
    /// [`StoreError::Limit`] over [`limits::OBJECT_BYTES_MAX`], [`StoreError::Full`], [`StoreError::Gone`].
    pub async fn put(&self, plain: &[u8]) -> Result<String, StoreError> {
        let sealed = self.seal(plain)?;
        self.write(&sealed).await?;
        Ok(sealed.address)
    }

    /// Compresses and encrypts bytes, on this thread.
    ///
    /// # Errors
    /// [`StoreError::Limit`] over [`limits::OBJECT_BYTES_MAX`].
    pub fn seal(&self, plain: &[u8]) -> Result<Sealed, StoreError> {
        if plain.len() > limits::OBJECT_BYTES_MAX {
            return Err(StoreError::Limit(format!("an object of {} bytes", plain.len())));
        }
        let address = self.address(plain);
        let payload = PutPayload::from(self.seal_as(&address, plain)?);
        Ok(Sealed { address, size: plain.len(), payload })
    }

    /// Writes what [`seal`](Self::seal) made; see [`put`](Self::put).
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Gone`].
    pub async fn write(&self, sealed: &Sealed) -> Result<(), StoreError> {
        let place = location(&sealed.address)?;
        self.store.put(&place, sealed.payload.clone()).await.map(|_| ()).map_err(object)
    }

    /// Reads bytes; `None` if there are none with this address.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they are damaged or another key wrote them, [`StoreError::Gone`].
    pub async fn get(&self, address: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed = match self.store.get(&location(address)?).await {
            Ok(found) => found.bytes().await.map_err(object)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(object(error)),
        };
        self.unseal(address, sealed.as_ref()).map(Some)
    }

    /// Whether there are bytes with this address.
    pub(crate) async fn exists(&self, address: &str) -> Result<bool, StoreError> {
        match self.store.head(&location(address)?).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(object(error)),
        }
    }

    /// Removes what killed processes have left half written in a folder before that time; tells how much.
    pub(crate) async fn remove_torn(&self, before: i64) -> Result<u64, StoreError> {
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let removed = tokio::task::spawn_blocking(move || remove_torn(&folder, before)).await;
        removed.map_err(|e| StoreError::Gone(e.to_string()))?.map_err(|e| StoreError::Gone(e.to_string()))
    }

    /// Removes bytes; none with this address is no error.
    ///
    /// # Errors
    /// [`StoreError::Gone`].
    pub async fn delete(&self, address: &str) -> Result<(), StoreError> {
        match self.store.delete(&location(address)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(object(error)),
        }
    }

    fn seal_as(&self, address: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut object = opened(plain.len());
        compress(plain, &mut object).map_err(|e| StoreError::Refused(format!("object {address}: {e}")))?;
        if object.len() > INNER + plain.len() {
            object.truncate(INNER);
            object.push(PLAIN);
            object.extend_from_slice(plain);
        }
        self.encrypted(address, object)
    }

    /// Encrypts what stands behind the place of the nonce where it is: an object is not copied once it is compressed.
    fn encrypted(&self, address: &str, mut object: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let refused = |what: &str| StoreError::Refused(format!("object {address}: {what}"));
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| refused("the system gives no random bytes"))?;
        let (head, inner) = object.split_at_mut_checked(INNER).ok_or_else(|| refused("is too short"))?;
        if let Some(place) = head.get_mut(MAGIC.len()..) {
            place.copy_from_slice(&nonce);
        }
        let tag = self
            .key
            .object(address)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(address.as_bytes()),
                inner,
            )
            .map_err(|_| refused("cannot be encrypted"))?;
        object.extend_from_slice(tag.as_ref());
        Ok(object)
    }

    fn unseal(&self, address: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("object {address}: {what}"));
        let rest = sealed.strip_prefix(MAGIC).ok_or_else(|| corrupt("is not ours"))?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(|| corrupt("is too short"))?;
        let mut inner = rest.to_vec();
        let inner = self
            .key
            .object(address)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(address.as_bytes()), &mut inner)
            .map_err(|_| corrupt("is damaged, or another key wrote it"))?;
        let plain = match inner.split_first() {
            Some((&PLAIN, rest)) => rest.to_vec(),
            Some((&DEFLATED, rest)) => {
                whole(DeflateDecoder::new(rest)).map_err(|e| corrupt(&e.to_string()))?
            }
            Some((&ZSTANDARD, rest)) => zstd::stream::read::Decoder::with_buffer(rest)
                .and_then(whole)
                .map_err(|e| corrupt(&e.to_string()))?,
            _ => return Err(corrupt("has a form that this version does not know")),
        };
        if self.address(&plain) != address {
            return Err(corrupt("has other bytes than its address says"));
        }
        Ok(plain)
    }
}

/// Where what is encrypted begins: behind the first bytes and the nonce.
const INNER: usize = MAGIC.len() + NONCE_LEN;

/// An object without what is encrypted, with room for all that so many bytes can become.
fn opened(plain_bytes: usize) -> Vec<u8> {
    let most = INNER + 1 + zstd::zstd_safe::compress_bound(plain_bytes) + AES_256_GCM.tag_len();
    let mut object = Vec::with_capacity(most);
    object.extend_from_slice(MAGIC);
    object.extend_from_slice(&[0; NONCE_LEN]);
    object
}

/// Appends the form of Zstandard, behind its byte.
fn compress(plain: &[u8], object: &mut Vec<u8>) -> std::io::Result<()> {
    object.push(ZSTANDARD);
    let mut out = Cursor::new(std::mem::take(object));
    out.set_position(out.get_ref().len() as u64);
    zstd::bulk::Compressor::new(limits::ZSTANDARD_LEVEL)?.compress_to_buffer(plain, &mut out)?;
    *object = out.into_inner();
    Ok(())
}

/// All that comes out, up to the limit of an object.
fn whole(from: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    from.take(u64::try_from(limits::OBJECT_BYTES_MAX).unwrap_or(u64::MAX)).read_to_end(&mut plain)?;
    Ok(plain)
}

/// `ab/abcd…`: ten million objects are forty thousand a folder. A second level would have most objects of a young store
/// make two folders.
fn location(address: &str) -> Result<Location, StoreError> {
    let Some(folder) = address.get(..2) else {
        return Err(StoreError::Limit(format!("{address:?} is no address")));
    };
    if address.len() != 64 || !address.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)) {
        return Err(StoreError::Limit("an address is 64 hexadecimal digits".to_owned()));
    }
    Ok(Location::from(format!("{folder}/{address}")))
}

/// The folder that a URL names.
fn place(url: &str) -> &Path {
    Path::new(url.strip_prefix("file://").unwrap_or(url))
}

/// Removes files of a folder that were being written when their process was killed (`ADDRESS#1`), if they are that old.
fn remove_torn(folder: &Path, before: i64) -> std::io::Result<u64> {
    let seconds = |time: std::time::SystemTime| {
        time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
    };
    let mut gone = 0;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        // Others write and rename meanwhile: what is gone is gone.
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name();
            if depth < 1 && metadata.is_dir() && name.len() == 2 {
                folders.push((entry.path(), depth + 1));
            }
            let address = name.to_str().and_then(|name| name.split_once('#')).map(|(address, _)| address);
            let torn = depth == 1 && address.is_some_and(|address| location(address).is_ok());
            if torn && metadata.modified().is_ok_and(|time| seconds(time) < before) {
                std::fs::remove_file(entry.path())?;
                gone += 1;
            }
        }
    }
    Ok(gone)
}

fn folder(url: &str, sync: bool) -> Result<LocalFileSystem, StoreError> {
    let path = place(url);
    if url.contains("://") && !url.starts_with("file:///") {
        return Err(StoreError::Url("an object store is a folder or s3://BUCKET/PREFIX".to_owned()));
    }
    let gone = |e: &dyn fmt::Display| StoreError::Gone(format!("{}: {e}", path.display()));
    std::fs::create_dir_all(path).map_err(|e| gone(&e))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(|e| gone(&e))?;
    }
    Ok(LocalFileSystem::new_with_prefix(path).map_err(|e| gone(&e))?.with_fsync(sync))
}

#[cfg(feature = "s3")]
fn s3(url: &str, options: &BTreeMap<String, String>) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let wrong = |e: &dyn fmt::Display| StoreError::Url(format!("{url}: {e}"));
    // TLS by ring for this process, unless somebody has chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = object_store::aws::AmazonS3Builder::from_env().with_url(url);
    for (name, value) in options {
        builder = builder.with_config(name.parse().map_err(|e| wrong(&e))?, value);
    }
    let prefix = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).map_or("", |(_, p)| p);
    let store = builder.build().map_err(|e| wrong(&e))?;
    Ok(Arc::new(object_store::prefix::PrefixStore::new(store, Location::from(prefix))))
}

#[cfg(not(feature = "s3"))]
fn s3(url: &str, _options: &BTreeMap<String, String>) -> Result<Arc<dyn ObjectStore>, StoreError> {
    Err(StoreError::Url(format!("{url}: this program was built without the feature `s3`")))
}

/// An error of the object store; a full disk stands somewhere among its causes.
fn object(error: object_store::Error) -> StoreError {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(now) = cause {
        if now.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::StorageFull) {
            return StoreError::Full(error.to_string());
        }
        cause = now.source();
    }
    StoreError::Gone(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::DeflateEncoder};

    use super::*;

    #[test]
    fn what_was_deflated_is_read_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = Bytes::open(folder.path().to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[7; 32]))
            .unwrap();
        let plain = b"Subject: a\r\n\r\n".repeat(100);
        let address = bytes.address(&plain);
        let mut object = opened(0);
        object.push(DEFLATED);
        let mut encoder = DeflateEncoder::new(object, Compression::new(2));
        encoder.write_all(&plain).unwrap();
        let old = bytes.encrypted(&address, encoder.finish().unwrap()).unwrap();
        assert_eq!(bytes.unseal(&address, &old).unwrap(), plain);
        let unknown = bytes.encrypted(&address, [opened(0), vec![9, 0, 0]].concat()).unwrap();
        assert!(matches!(bytes.unseal(&address, &unknown), Err(StoreError::Corrupt(_))));
        assert!(matches!(bytes.encrypted(&address, Vec::new()), Err(StoreError::Refused(_))), "no room");
    }

    #[test]
    fn no_object_is_larger_than_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = Bytes::open(folder.path().to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[7; 32]))
            .unwrap();
        let mut noise = vec![0; 10_000];
        SystemRandom::new().fill(&mut noise).unwrap();
        for (plain, max) in [(noise, 10_050), (b"Subject: a\r\n".repeat(1_000), 200), (Vec::new(), 50)] {
            let sealed = bytes.seal_as(&bytes.address(&plain), &plain).unwrap();
            assert!(sealed.len() <= max, "{} bytes of {}", sealed.len(), plain.len());
            assert_eq!(bytes.unseal(&bytes.address(&plain), &sealed).unwrap(), plain);
        }
    }
}
