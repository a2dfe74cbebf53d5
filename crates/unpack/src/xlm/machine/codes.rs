//! Numbers of the functions that the machine knows: those of the file formats, and our own for functions that came later and
//! are stored by name.

pub(super) const IF: u16 = 0x0001;
pub(super) const ISERROR: u16 = 0x0003;
pub(super) const ISERR: u16 = 0x007E;
pub(super) const ISNA: u16 = 0x0002;
pub(super) const ERROR_TYPE: u16 = 0x0105;
pub(super) const COUNT: u16 = 0x0000;
pub(super) const SUM: u16 = 0x0004;
pub(super) const AVERAGE: u16 = 0x0005;
pub(super) const MIN: u16 = 0x0006;
pub(super) const MAX: u16 = 0x0007;
pub(super) const ROW: u16 = 0x0008;
pub(super) const COLUMN: u16 = 0x0009;
pub(super) const NA: u16 = 0x000A;
pub(super) const DOLLAR: u16 = 0x000D;
pub(super) const FIXED: u16 = 0x000E;
pub(super) const PI: u16 = 0x0013;
pub(super) const SQRT: u16 = 0x0014;
pub(super) const EXP: u16 = 0x0015;
pub(super) const LN: u16 = 0x0016;
pub(super) const LOG10: u16 = 0x0017;
pub(super) const LOG: u16 = 0x006D;
pub(super) const ABS: u16 = 0x0018;
pub(super) const INT: u16 = 0x0019;
pub(super) const SIGN: u16 = 0x001A;
pub(super) const ROUND: u16 = 0x001B;
pub(super) const LOOKUP: u16 = 0x001C;
pub(super) const INDEX: u16 = 0x001D;
pub(super) const REPT: u16 = 0x001E;
pub(super) const MID: u16 = 0x001F;
pub(super) const LEN: u16 = 0x0020;
pub(super) const VALUE: u16 = 0x0021;
pub(super) const TRUE: u16 = 0x0022;
pub(super) const FALSE: u16 = 0x0023;
pub(super) const AND: u16 = 0x0024;
pub(super) const OR: u16 = 0x0025;
pub(super) const NOT: u16 = 0x0026;
pub(super) const MOD: u16 = 0x0027;
pub(super) const TEXT: u16 = 0x0030;
pub(super) const GOTO: u16 = 0x0035;
pub(super) const HALT: u16 = 0x0036;
pub(super) const RETURN: u16 = 0x0037;
pub(super) const RAND: u16 = 0x003F;
pub(super) const MATCH: u16 = 0x0040;
pub(super) const DATE: u16 = 0x0041;
pub(super) const TIME: u16 = 0x0042;
pub(super) const DAY: u16 = 0x0043;
pub(super) const MONTH: u16 = 0x0044;
pub(super) const YEAR: u16 = 0x0045;
pub(super) const WEEKDAY: u16 = 0x0046;
pub(super) const HOUR: u16 = 0x0047;
pub(super) const MINUTE: u16 = 0x0048;
pub(super) const SECOND: u16 = 0x0049;
pub(super) const NOW: u16 = 0x004A;
pub(super) const TODAY: u16 = 0x00DD;
pub(super) const AREAS: u16 = 0x004B;
pub(super) const ROWS: u16 = 0x004C;
pub(super) const COLUMNS: u16 = 0x004D;
pub(super) const OFFSET: u16 = 0x004E;
pub(super) const ABSREF: u16 = 0x004F;
pub(super) const RELREF: u16 = 0x0050;
pub(super) const ARGUMENT: u16 = 0x0051;
pub(super) const SEARCH: u16 = 0x0052;
pub(super) const TRANSPOSE: u16 = 0x0053;
pub(super) const ERROR: u16 = 0x0054;
pub(super) const STEP: u16 = 0x0055;
pub(super) const TYPE: u16 = 0x0056;
pub(super) const ECHO: u16 = 0x0057;
pub(super) const SET_NAME: u16 = 0x0058;
pub(super) const CALLER: u16 = 0x0059;
pub(super) const DEREF: u16 = 0x005A;
pub(super) const WINDOWS: u16 = 0x005B;
pub(super) const DOCUMENTS: u16 = 0x005D;
pub(super) const ACTIVE_CELL: u16 = 0x005E;
pub(super) const SELECTION: u16 = 0x005F;
pub(super) const RESULT: u16 = 0x0060;
pub(super) const CHOOSE: u16 = 0x0064;
pub(super) const HLOOKUP: u16 = 0x0065;
pub(super) const VLOOKUP: u16 = 0x0066;
pub(super) const LINKS: u16 = 0x0067;
pub(super) const INPUT: u16 = 0x0068;
pub(super) const ISREF: u16 = 0x0069;
pub(super) const GET_FORMULA: u16 = 0x006A;
pub(super) const GET_NAME: u16 = 0x006B;
pub(super) const SET_VALUE: u16 = 0x006C;
pub(super) const EXEC: u16 = 0x006E;
pub(super) const CHAR: u16 = 0x006F;
pub(super) const LOWER: u16 = 0x0070;
pub(super) const UPPER: u16 = 0x0071;
pub(super) const PROPER: u16 = 0x0072;
pub(super) const LEFT: u16 = 0x0073;
pub(super) const RIGHT: u16 = 0x0074;
pub(super) const EXACT: u16 = 0x0075;
pub(super) const TRIM: u16 = 0x0076;
pub(super) const REPLACE: u16 = 0x0077;
pub(super) const SUBSTITUTE: u16 = 0x0078;
pub(super) const CODE: u16 = 0x0079;
pub(super) const NAMES: u16 = 0x007A;
pub(super) const DIRECTORY: u16 = 0x007B;
pub(super) const FIND: u16 = 0x007C;
pub(super) const CELL: u16 = 0x007D;
pub(super) const ISTEXT: u16 = 0x007F;
pub(super) const ISNUMBER: u16 = 0x0080;
pub(super) const ISBLANK: u16 = 0x0081;
pub(super) const ISNONTEXT: u16 = 0x00BE;
pub(super) const ISLOGICAL: u16 = 0x00C6;
pub(super) const T: u16 = 0x0082;
pub(super) const N: u16 = 0x0083;
pub(super) const FOPEN: u16 = 0x0084;
pub(super) const FCLOSE: u16 = 0x0085;
pub(super) const FSIZE: u16 = 0x0086;
pub(super) const FREADLN: u16 = 0x0087;
pub(super) const FREAD: u16 = 0x0088;
pub(super) const FWRITELN: u16 = 0x0089;
pub(super) const FWRITE: u16 = 0x008A;
pub(super) const FPOS: u16 = 0x008B;
pub(super) const DATEVALUE: u16 = 0x008C;
pub(super) const TIMEVALUE: u16 = 0x008D;
pub(super) const GET_DEF: u16 = 0x0091;
pub(super) const REFTEXT: u16 = 0x0092;
pub(super) const TEXTREF: u16 = 0x0093;
pub(super) const INDIRECT: u16 = 0x0094;
pub(super) const REGISTER: u16 = 0x0095;
pub(super) const CALL: u16 = 0x0096;
pub(super) const CLEAN: u16 = 0x00A2;
pub(super) const FILES: u16 = 0x00A6;
pub(super) const COUNTA: u16 = 0x00A9;
pub(super) const CANCEL_KEY: u16 = 0x00AA;
pub(super) const FOR: u16 = 0x00AB;
pub(super) const WHILE: u16 = 0x00AC;
pub(super) const BREAK: u16 = 0x00AD;
pub(super) const NEXT: u16 = 0x00AE;
pub(super) const INITIATE: u16 = 0x00AF;
pub(super) const REQUEST: u16 = 0x00B0;
pub(super) const POKE: u16 = 0x00B1;
pub(super) const EXECUTE: u16 = 0x00B2;
pub(super) const TERMINATE: u16 = 0x00B3;
pub(super) const PRODUCT: u16 = 0x00B7;
pub(super) const FACT: u16 = 0x00B8;
pub(super) const GET_CELL: u16 = 0x00B9;
pub(super) const GET_WORKSPACE: u16 = 0x00BA;
pub(super) const GET_WINDOW: u16 = 0x00BB;
pub(super) const GET_DOCUMENT: u16 = 0x00BC;
pub(super) const GET_NOTE: u16 = 0x00BF;
pub(super) const TRUNC: u16 = 0x00C5;
pub(super) const UNREGISTER: u16 = 0x00C9;
pub(super) const FINDB: u16 = 0x00CD;
pub(super) const SEARCHB: u16 = 0x00CE;
pub(super) const REPLACEB: u16 = 0x00CF;
pub(super) const LEFTB: u16 = 0x00D0;
pub(super) const RIGHTB: u16 = 0x00D1;
pub(super) const MIDB: u16 = 0x00D2;
pub(super) const LENB: u16 = 0x00D3;
pub(super) const ROUNDUP: u16 = 0x00D4;
pub(super) const ROUNDDOWN: u16 = 0x00D5;
pub(super) const ADDRESS: u16 = 0x00DB;
pub(super) const ELSE: u16 = 0x00DF;
pub(super) const ELSE_IF: u16 = 0x00E0;
pub(super) const END_IF: u16 = 0x00E1;
pub(super) const FOR_CELL: u16 = 0x00E2;
pub(super) const SUMPRODUCT: u16 = 0x00E4;
pub(super) const VOLATILE: u16 = 0x00ED;
pub(super) const LAST_ERROR: u16 = 0x00EE;
pub(super) const FORMULA_CONVERT: u16 = 0x00F1;
pub(super) const INFO: u16 = 0x00F4;
pub(super) const EVALUATE: u16 = 0x0101;
pub(super) const REGISTER_ID: u16 = 0x010B;
pub(super) const GET_WORKBOOK: u16 = 0x010C;
pub(super) const EVEN: u16 = 0x0117;
pub(super) const ODD: u16 = 0x012A;
pub(super) const FLOOR: u16 = 0x011D;
pub(super) const CEILING: u16 = 0x0120;
pub(super) const COMBIN: u16 = 0x0114;
pub(super) const LARGE: u16 = 0x0145;
pub(super) const SMALL: u16 = 0x0146;
pub(super) const SUMSQ: u16 = 0x0141;
pub(super) const CONCATENATE: u16 = 0x0150;
pub(super) const POWER: u16 = 0x0151;
pub(super) const ROMAN: u16 = 0x0162;
pub(super) const HYPERLINK: u16 = 0x0167;
pub(super) const COUNTIF: u16 = 0x015A;
pub(super) const COUNTBLANK: u16 = 0x015B;
pub(super) const ISEVEN: u16 = 0x01A4;
pub(super) const ISODD: u16 = 0x01A5;
pub(super) const QUOTIENT: u16 = 0x01A1;
pub(super) const MROUND: u16 = 0x01A6;
pub(super) const GCD: u16 = 0x01D9;
pub(super) const LCM: u16 = 0x01DB;
pub(super) const HEX2DEC: u16 = 0x0181;
pub(super) const HEX2BIN: u16 = 0x0180;
pub(super) const HEX2OCT: u16 = 0x0182;
pub(super) const DEC2BIN: u16 = 0x0183;
pub(super) const DEC2HEX: u16 = 0x0184;
pub(super) const DEC2OCT: u16 = 0x0185;
pub(super) const OCT2BIN: u16 = 0x0186;
pub(super) const OCT2HEX: u16 = 0x0187;
pub(super) const OCT2DEC: u16 = 0x0188;
pub(super) const BIN2DEC: u16 = 0x0189;
pub(super) const BIN2OCT: u16 = 0x018A;
pub(super) const BIN2HEX: u16 = 0x018B;
pub(super) const RANDBETWEEN: u16 = 0x01D0;
pub(super) const IFERROR: u16 = 0x01E0;
pub(super) const SIN: u16 = 0x000F;
pub(super) const COS: u16 = 0x0010;
pub(super) const TAN: u16 = 0x0011;
pub(super) const USDOLLAR: u16 = 0x00CC;
pub(super) const PHONETIC: u16 = 0x0168;
pub(super) const MEDIAN: u16 = 0x00E3;
pub(super) const OPEN: u16 = 0x8001;
pub(super) const CLOSE_ALL: u16 = 0x8003;
pub(super) const SAVE_AS: u16 = 0x8005;
pub(super) const FILE_DELETE: u16 = 0x8006;
pub(super) const QUIT: u16 = 0x800A;
pub(super) const CLOSE: u16 = 0x8010;
pub(super) const RUN: u16 = 0x8011;
pub(super) const CLEAR: u16 = 0x8034;
pub(super) const DEFINE_NAME: u16 = 0x803D;
pub(super) const FORMULA_GOTO: u16 = 0x803F;
pub(super) const FORMULA: u16 = 0x8060;
pub(super) const FORMULA_FILL: u16 = 0x8061;
pub(super) const FORMULA_ARRAY: u16 = 0x8062;
pub(super) const ACTIVATE: u16 = 0x8067;
pub(super) const SELECT: u16 = 0x806D;
pub(super) const DELETE_NAME: u16 = 0x806E;
pub(super) const ALERT: u16 = 0x8076;
pub(super) const MESSAGE: u16 = 0x807A;
pub(super) const APP_ACTIVATE: u16 = 0x807D;
pub(super) const SEND_KEYS: u16 = 0x8083;
pub(super) const ON_WINDOW: u16 = 0x808A;
pub(super) const ON_DATA: u16 = 0x808B;
pub(super) const ON_TIME: u16 = 0x8094;
pub(super) const ON_KEY: u16 = 0x80A8;
pub(super) const ON_RECALC: u16 = 0x80E3;
pub(super) const ON_SHEET: u16 = 0x81D7;
pub(super) const ON_DOUBLECLICK: u16 = 0x8117;
pub(super) const ON_ENTRY: u16 = 0x8118;
pub(super) const FILE_CLOSE: u16 = 0x8090;
pub(super) const WAIT: u16 = 0x8095;
pub(super) const SELECT_END: u16 = 0x80BB;
pub(super) const WORKBOOK_HIDE: u16 = 0x817F;
pub(super) const WORKBOOK_ACTIVATE: u16 = 0x8124;
pub(super) const WORKBOOK_SELECT: u16 = 0x8123;
pub(super) const WORKBOOK_DELETE: u16 = 0x8181;
pub(super) const SAVE_COPY_AS: u16 = 0x81C8;
pub(super) const SEND_MAIL: u16 = 0x80BD;
pub(super) const INSERT_OBJECT: u16 = 0x8103;
pub(super) const OPEN_TEXT: u16 = 0x81B9;
pub(super) const VBA_INSERT_FILE: u16 = 0x8148;
pub(super) const PAUSE: u16 = 0x00F8;
pub(super) const EDIT_DELETE: u16 = 0x8036;

/// Our own numbers start here; the formats use none from here to 0x7FFF.
const NAMED: u16 = 0x7000;
pub(super) const CONCAT: u16 = NAMED;
pub(super) const TEXTJOIN: u16 = NAMED + 1;
pub(super) const UNICHAR: u16 = NAMED + 2;
pub(super) const UNICODE: u16 = NAMED + 3;
pub(super) const BASE: u16 = NAMED + 4;
pub(super) const DECIMAL: u16 = NAMED + 5;
pub(super) const ARABIC: u16 = NAMED + 6;
pub(super) const XOR: u16 = NAMED + 7;
pub(super) const BITXOR: u16 = NAMED + 8;
pub(super) const BITAND: u16 = NAMED + 9;
pub(super) const BITOR: u16 = NAMED + 10;
pub(super) const BITLSHIFT: u16 = NAMED + 11;
pub(super) const BITRSHIFT: u16 = NAMED + 12;
pub(super) const IFS: u16 = NAMED + 13;
pub(super) const SWITCH: u16 = NAMED + 14;
pub(super) const IFNA: u16 = NAMED + 15;
pub(super) const NUMBERVALUE: u16 = NAMED + 16;
pub(super) const FORMULATEXT: u16 = NAMED + 17;
pub(super) const DAYS: u16 = NAMED + 18;
pub(super) const CREATE_DIRECTORY: u16 = NAMED + 19;
pub(super) const DELETE_DIRECTORY: u16 = NAMED + 20;
pub(super) const FILE_EXISTS: u16 = NAMED + 21;
pub(super) const DIRECTORIES: u16 = NAMED + 22;
pub(super) const SHEET: u16 = NAMED + 23;
pub(super) const SHEETS: u16 = NAMED + 24;

/// The number of a function that is stored by name; `None` for one that nobody knows.
pub(super) fn named(name: &str) -> Option<u16> {
    let name = name.strip_prefix("_xlfn.").or_else(|| name.strip_prefix("_XLFN.")).unwrap_or(name);
    let name = name.strip_prefix("_xlws.").unwrap_or(name);
    LATER.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, code)| *code)
}

const LATER: &[(&str, u16)] = &[
    ("CONCAT", CONCAT),
    ("TEXTJOIN", TEXTJOIN),
    ("UNICHAR", UNICHAR),
    ("UNICODE", UNICODE),
    ("BASE", BASE),
    ("DECIMAL", DECIMAL),
    ("ARABIC", ARABIC),
    ("XOR", XOR),
    ("BITXOR", BITXOR),
    ("BITAND", BITAND),
    ("BITOR", BITOR),
    ("BITLSHIFT", BITLSHIFT),
    ("BITRSHIFT", BITRSHIFT),
    ("IFS", IFS),
    ("SWITCH", SWITCH),
    ("IFNA", IFNA),
    ("NUMBERVALUE", NUMBERVALUE),
    ("FORMULATEXT", FORMULATEXT),
    ("DAYS", DAYS),
    ("CREATE.DIRECTORY", CREATE_DIRECTORY),
    ("DELETE.DIRECTORY", DELETE_DIRECTORY),
    ("FILE.EXISTS", FILE_EXISTS),
    ("DIRECTORIES", DIRECTORIES),
    ("SHEET", SHEET),
    ("SHEETS", SHEETS),
];
