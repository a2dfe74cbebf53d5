//! Compiles every XPath of the standard input, one a line, and says which do not compile.

fn main() {
    let mut good = 0;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match sekisho_mail::html::XPath::compile(&line) {
            Ok(_) => good += 1,
            Err(error) => println!("{line}\n  {error}"),
        }
    }
    println!("{good} compile");
}
