//! Why a file was refused. Which refusal it is does not depend on the machine: the reader is a
//! function of the bytes.

use crate::limits::{JSON_BYTES_MAX, VALUE_BYTES_MAX};

/// A file that claims a known format and breaks it, or goes beyond [`crate::limits`].
///
/// Its sentence says what to do; [`ReadError::kind`] is for programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file has more bytes than are looked at.
    #[error(
        "the file has {bytes} bytes and at most {bytes_max} are read: \
         verify it by its digest or its number instead"
    )]
    FileTooLarge {
        /// The size of the file.
        bytes: usize,
        /// [`crate::limits::FILE_BYTES_MAX`].
        bytes_max: usize,
    },

    /// The file is two files of different formats at once.
    #[error(
        "the file is {one} and at once {other}, so programs differ in what it says: \
         do not trust this file"
    )]
    TwoFormats {
        /// What it is by its beginning.
        one: String,
        /// What it also is.
        other: &'static str,
    },

    /// The characters cannot be read in the encoding that the XML claims.
    #[error("the XML cannot be read as {claimed}: ask the issuer for a file in UTF-8")]
    Encoding {
        /// The encoding, as the XML names it.
        claimed: String,
    },

    /// The XML has a document type declaration, which could make one text mean another.
    #[error("the XML has a DOCTYPE, which an invoice never needs: ask the issuer for one without")]
    Doctype,

    /// The XML is larger in some measure than any invoice.
    #[error(
        "the XML has more than {limit} {what}, which no real invoice has: do not trust this file"
    )]
    XmlTooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },

    /// The XML is not well-formed.
    #[error("the XML is damaged ({reason}): get the file again from where it came from")]
    XmlMalformed {
        /// What the parser met, and where.
        reason: String,
    },

    /// The EDIFACT interchange is damaged.
    #[error("the EDIFACT interchange is damaged ({reason}): ask the sender for it again")]
    EdifactMalformed {
        /// What could not be read.
        reason: &'static str,
    },

    /// The PDF is damaged in a place that has to be read.
    #[error("the PDF is damaged ({reason}): get the file again, or verify it by its number")]
    PdfMalformed {
        /// What could not be read.
        reason: &'static str,
    },

    /// The PDF is larger in some measure than any invoice.
    #[error(
        "the PDF has more than {limit} {what}, which no real invoice has: do not trust this file"
    )]
    PdfTooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },

    /// An attachment of the PDF was refused.
    #[error("in the attachment {name:?}: {refusal}")]
    Attachment {
        /// The attachment's name.
        name: String,
        /// Why it was refused.
        refusal: Box<ReadError>,
    },

    /// The ZIP archive is damaged, or readers would read it in different ways.
    #[error("the ZIP archive is damaged ({reason}): get the file again from where it came from")]
    ZipMalformed {
        /// What could not be read.
        reason: String,
    },

    /// The ZIP archive is larger in some measure than any of documents.
    #[error(
        "the ZIP archive has more than {limit} {what}, which no archive of documents has: \
         do not trust this file"
    )]
    ZipTooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },

    /// A name in the ZIP archive leads out of it, or means different files to different readers.
    #[error("in the ZIP archive the name {name:?} {reason}: do not trust this file")]
    ZipName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The ZIP archive is of a kind that is not read.
    #[error("the ZIP archive {reason}: unpack it first, and give its files")]
    ZipUnsupported {
        /// What it is.
        reason: &'static str,
    },

    /// The OFD is damaged in a place that has to be read.
    #[error("the OFD is damaged ({reason}): get the file again, or verify it by its number")]
    OfdMalformed {
        /// What could not be read.
        reason: String,
    },

    /// The OFD is larger in some measure than any document.
    #[error(
        "the OFD has more than {limit} {what}, which no real document has: do not trust this file"
    )]
    OfdTooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },

    /// A part of the file was refused.
    #[error("in {name:?}: {refusal}")]
    Part {
        /// The part's name.
        name: String,
        /// Why it was refused.
        refusal: Box<ReadError>,
    },

    /// A CMS signature around a file is damaged.
    #[error("the CMS signature is damaged ({reason}): get the file again from where it came from")]
    CmsMalformed {
        /// What could not be read.
        reason: &'static str,
    },

    /// The JSON is larger than a document of our form may be.
    #[error("the JSON document has more than {JSON_BYTES_MAX} bytes: shorten its facts")]
    JsonTooLarge,

    /// The JSON is damaged, or not of our form.
    #[error("the JSON document is not of Hefu's form ({reason}): correct it at that place")]
    JsonMalformed {
        /// What the parser met, and where.
        reason: String,
    },

    /// The CBOR of a mobile document is damaged, or not of the form of ISO 18013-5.
    #[error("the mobile document is damaged ({reason}): get the file again from its holder")]
    CborMalformed {
        /// What could not be read.
        reason: &'static str,
    },

    /// The CBOR is larger in some measure than any mobile document.
    #[error(
        "the mobile document has more than {limit} {what}, which no real one has: \
         do not trust this file"
    )]
    CborTooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },

    /// The file is not in the syntax that the mapping says.
    #[error(
        "the file is no {syntax} as the mapping says ({reason}): use the mapping of this file"
    )]
    NotOfMapping {
        /// The syntax that the mapping says.
        syntax: &'static str,
        /// What was met instead.
        reason: String,
    },

    /// The file has more of something than is read of one file.
    #[error("the file has more than {limit} {what}: split it")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },

    /// One value is longer than any real one.
    #[error("the {name} is longer than {VALUE_BYTES_MAX} bytes: do not trust this file")]
    ValueTooLong {
        /// The name of the fact.
        name: String,
    },
}

impl ReadError {
    /// A stable word for the kind of refusal; that of an attachment or a part is that of what it
    /// holds.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::FileTooLarge { .. } => "file-too-large",
            Self::TwoFormats { .. } => "two-formats",
            Self::Encoding { .. } => "encoding",
            Self::Doctype => "doctype",
            Self::XmlTooComplex { .. } => "xml-too-complex",
            Self::XmlMalformed { .. } => "xml-malformed",
            Self::EdifactMalformed { .. } => "edifact-malformed",
            Self::PdfMalformed { .. } => "pdf-malformed",
            Self::PdfTooComplex { .. } => "pdf-too-complex",
            Self::Attachment { refusal, .. } => refusal.kind(),
            Self::ZipMalformed { .. } => "zip-malformed",
            Self::ZipTooComplex { .. } => "zip-too-complex",
            Self::ZipName { .. } => "zip-name",
            Self::ZipUnsupported { .. } => "zip-unsupported",
            Self::OfdMalformed { .. } => "ofd-malformed",
            Self::OfdTooComplex { .. } => "ofd-too-complex",
            Self::Part { refusal, .. } => refusal.kind(),
            Self::CmsMalformed { .. } => "cms-malformed",
            Self::JsonTooLarge => "json-too-large",
            Self::JsonMalformed { .. } => "json-malformed",
            Self::CborMalformed { .. } => "cbor-malformed",
            Self::CborTooComplex { .. } => "cbor-too-complex",
            Self::NotOfMapping { .. } => "not-of-mapping",
            Self::TooMany { .. } => "too-many",
            Self::ValueTooLong { .. } => "value-too-long",
        }
    }
}
