//! How much of a stranger's file is read. A file beyond one of these is refused, not cut.
//!
//! They bound memory and work together: parsing takes time in proportion to the bytes of the file
//! plus these numbers, and no stream of a PDF and no entry of an archive inflates beyond them.

/// The largest file that is looked at.
pub const FILE_BYTES_MAX: usize = 64 << 20;

/// The longest single value (a name, a number, an identifier).
pub const VALUE_BYTES_MAX: usize = 1024;

/// How deep elements nest. An invoice needs about twelve.
pub const XML_DEPTH_MAX: usize = 64;
/// How often `<`, and how often `=`, stands in an XML file: the parser reserves memory by both.
pub const XML_MARKS_MAX: usize = 1_000_000;
/// Attributes and namespace declarations of one element: the parser compares each with each.
pub const XML_ATTRIBUTES_MAX: usize = 64;
/// Namespace declarations in force at one place.
pub const XML_NAMESPACES_MAX: usize = 64;
/// Those in force, summed over all elements that declare one: there the parser copies them all.
pub const XML_NAMESPACE_COPIES_MAX: usize = 10_000_000;

/// Different values of one term of one document; two are a contradiction already.
pub const VALUES_OF_TERM_MAX: usize = 16;

/// Documents in one file.
pub const DOCUMENTS_MAX: usize = 1_000;

/// The largest JSON document.
pub const JSON_BYTES_MAX: usize = 8 << 20;
/// How deep objects and arrays nest.
pub const JSON_DEPTH_MAX: usize = 32;
/// Values in one JSON document.
pub const JSON_VALUES_MAX: usize = 200_000;
/// Entries of `facts` in one JSON document; with number and issuer, the 256 that a record takes.
pub const JSON_FACTS_MAX: usize = 254;

/// Objects that a PDF's cross-reference table may list.
pub const PDF_OBJECTS_MAX: usize = 1_000_000;
/// Cross-reference sections (updates) of a PDF.
pub const PDF_SECTIONS_MAX: usize = 256;
/// Objects that are looked at on the way to the attachments.
pub const PDF_LOOKUPS_MAX: usize = 4_096;
/// Values (numbers, names, strings ...) inside all objects that are looked at.
pub const PDF_VALUES_MAX: usize = 1_000_000;
/// How deep arrays and dictionaries nest.
pub const PDF_DEPTH_MAX: usize = 32;
/// Filters in a row on one stream.
pub const PDF_FILTERS_MAX: usize = 2;
/// What one cross-reference stream may inflate to.
pub const PDF_XREF_BYTES_MAX: usize = 3 << 20;
/// What one other stream of a PDF may inflate to.
pub const PDF_STREAM_BYTES_MAX: usize = 16 << 20;
/// What is read of a PDF in all: objects, and streams before and after inflating.
pub const PDF_READ_BYTES_MAX: usize = 128 << 20;
/// What is parsed of a PDF's attachments in all.
pub const PDF_ATTACHED_BYTES_MAX: usize = 32 << 20;
/// Attachments of a PDF.
pub const PDF_ATTACHMENTS_MAX: usize = 256;

/// Credentials in one presentation, and documents in one answer of a mobile device.
pub const CREDENTIALS_MAX: usize = 256;
/// How deep a signed token may hold another one.
pub const TOKEN_DEPTH_MAX: usize = 3;

/// The largest mobile document; its portrait is most of it.
pub const CBOR_BYTES_MAX: usize = 4 << 20;
/// How deep arrays, maps and tags nest.
pub const CBOR_DEPTH_MAX: usize = 16;
/// Values in one mobile document.
pub const CBOR_VALUES_MAX: usize = 50_000;

/// The largest mapping file.
pub const MAPPING_BYTES_MAX: usize = 64 << 10;
/// Facts that a mapping names.
pub const MAPPING_FACTS_MAX: usize = 64;
/// The largest file that is read by a mapping.
pub const MAPPED_BYTES_MAX: usize = 8 << 20;
/// Records of a file that is read by a mapping, and places of one path in it.
pub const MAPPED_RECORDS_MAX: usize = 4_096;
/// Columns of a CSV.
pub const MAPPED_COLUMNS_MAX: usize = 256;
/// Elements and values that are looked at for all places of a mapping together.
pub const MAPPED_STEPS_MAX: usize = 8_000_000;
/// What all records of a file state together, in bytes.
pub const MAPPED_STATED_BYTES_MAX: usize = 32 << 20;

/// Entries of a ZIP archive, folders among them.
pub const ZIP_ENTRIES_MAX: usize = 4_096;
/// The longest name of an entry.
pub const ZIP_NAME_BYTES_MAX: usize = 512;
/// What one entry may inflate to.
pub const ZIP_ENTRY_BYTES_MAX: usize = FILE_BYTES_MAX;
/// What is inflated of an archive in all.
pub const ZIP_READ_BYTES_MAX: usize = 128 << 20;

/// Documents in one OFD.
pub const OFD_BODIES_MAX: usize = 16;
/// Custom data of one document of an OFD.
pub const OFD_CUSTOM_DATA_MAX: usize = 1_024;
/// Pages and templates of one document of an OFD.
pub const OFD_PAGES_MAX: usize = 512;
/// Attachments of one document of an OFD, and its tags.
pub const OFD_ATTACHMENTS_MAX: usize = 64;
/// What is parsed of an OFD in all.
pub const OFD_XML_BYTES_MAX: usize = 32 << 20;
/// Letters on the pages of an OFD, once where they are parsed and once where they are drawn; a template
/// counts for each page that it is drawn on.
pub const OFD_LETTERS_MAX: usize = 2_000_000;
/// Pictures of the first pages of its documents that are searched for codes.
pub const OFD_PICTURES_MAX: usize = 16;
/// Pieces of text on its pages; a template counts for each page that it is drawn on.
pub const OFD_RUNS_MAX: usize = 100_000;

/// Pages of a PDF whose text is read, from the first on: a face stands there.
pub const PDF_PAGES_MAX: usize = 10;
/// How deep forms (drawings within drawings) of a PDF's page nest.
pub const PDF_FORM_DEPTH_MAX: usize = 8;
/// Operands and operators in all that is drawn on those pages.
pub const PDF_DRAWING_VALUES_MAX: usize = 1_000_000;
/// Entries in all tables that say which letters the codes of fonts are.
pub const PDF_LETTERS_MAX: usize = 200_000;
/// Pieces of text on those pages.
pub const PAGE_RUNS_MAX: usize = 20_000;
/// Bytes of text on those pages.
pub const PAGE_TEXT_BYTES_MAX: usize = 1 << 20;
/// Pictures on those pages that are searched for codes.
pub const PDF_PICTURES_MAX: usize = 16;
/// Pixels of one of them, before it is made smaller.
pub const PDF_PICTURE_PIXELS_MAX: usize = 16 << 20;
/// Pixels of all of them.
pub const PDF_PICTURES_PIXELS_MAX: usize = 64 << 20;

/// Pixels of one picture that is searched for a code.
pub const QR_PIXELS_MAX: usize = 4 << 20;
/// Places in one picture that look like the finder pattern of a code.
pub const QR_CANDIDATES_MAX: usize = 256;
/// Those of them that are tried, the clearest first; a code has three.
pub const QR_FINDERS_MAX: usize = 16;
/// How many three of them are tried as the corners of a code.
pub const QR_TRIES_MAX: usize = 64;
/// Signatures of a file that are looked at.
pub const SEALS_MAX: usize = 32;
/// Signers of one CMS signature.
pub const CMS_SIGNERS_MAX: usize = 8;
/// Certificates in one CMS signature.
pub const CMS_CERTIFICATES_MAX: usize = 32;
/// CMS signatures around one another.
pub const CMS_NESTED_MAX: usize = 2;
/// Bytes that are hashed for all signatures of a file.
pub const SEAL_HASHED_BYTES_MAX: usize = 256 << 20;
/// The largest signed value, and the largest seal, of an OFD; its picture is most of it.
pub const SEAL_VALUE_BYTES_MAX: usize = 2 << 20;
/// References in the signatures of an OFD, all together.
pub const SEAL_REFERENCES_MAX: usize = 100_000;
/// Parts that a seal lists as altered or not covered; of the others it says how many.
pub const SEAL_PARTS_LISTED_MAX: usize = 64;
/// Fields of a PDF's form that are looked at for signatures.
pub const PDF_FIELDS_MAX: usize = 4_096;
