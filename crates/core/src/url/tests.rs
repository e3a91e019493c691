use super::{Secret, ServerUrl};

#[test]
fn urls_are_taken_apart_as_sqlalchemy_does_it() {
    let parse = |url: &str| ServerUrl::parse(url).unwrap();
    let url = parse(
        "MySQL+PyMySQL://me:p%40ss%2Fw+rd@db.example:3307/ml%20flow?charset=utf8mb4&a=b+c%26",
    );
    assert_eq!(url.dialect, "mysql");
    assert_eq!(url.user.as_deref(), Some("me"));
    assert_eq!(url.password, Some(Secret("p@ss/w+rd".to_owned())));
    assert_eq!((url.host.as_deref(), url.port), (Some("db.example"), Some(3307)));
    assert_eq!(url.database.as_deref(), Some("ml%20flow"));
    assert_eq!(url.parameter("charset"), Some("utf8mb4"));
    assert_eq!(url.parameter("a"), Some("b c&"));
    let url = parse("postgresql://me:a:b/c?d@[::1]:5433/db?options=-csearch_path%3Dml");
    assert_eq!(url.password, Some(Secret("a:b/c?d".to_owned())));
    assert_eq!((url.host.as_deref(), url.port), (Some("::1"), Some(5433)));
    assert_eq!(url.parameter("options"), Some("-csearch_path=ml"));
    let url = parse("postgresql:///db?host=/run/postgresql&host=/tmp");
    assert_eq!((url.user, url.host.clone(), url.port), (None, None, None));
    assert_eq!(url.parameters.len(), 2);
    let url = parse("mysql://h?unix_socket=/tmp/a@b.sock");
    assert_eq!((url.host.as_deref(), url.database), (Some("h"), None));
    let url = parse("postgresql://me:p@h1:1,[::1]:2,h3/d");
    assert_eq!((url.host.as_deref(), url.port), (Some("h1:1,[::1]:2,h3"), None));
    let url = parse("postgresql://h1,h2:3/d");
    assert_eq!((url.host.as_deref(), url.port), (Some("h1,h2"), Some(3)));
    for wrong in [
        "mysql:h/d",
        "mysql://h:port/d",
        "mysql://h:70000/d",
        "mysql://h1:1,h2:2/d",
        "postgresql://h1:1,h2:port/d",
        "postgresql://h1:70000,h2/d",
    ] {
        assert!(ServerUrl::parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(parse("mysql://me@h/d@e").database.as_deref(), Some("d@e"));
}

#[test]
fn what_may_be_the_rest_of_a_password_is_refused() {
    for url in [
        "postgresql://me:p@secret@host/db",
        "postgresql://me:p@h/secret@host/db",
        "postgresql://me:p@h/d?secret@host/db",
        "postgresql:///me:secret@host/db",
        "postgresql://me/x:secret@host/db",
        "postgresql:///me:secret?x=@host/db",
    ] {
        let error = ServerUrl::parse(url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        assert!(format!("{:?}", error.remedy()).contains("%40"));
    }
}

#[test]
fn a_user_with_an_encoded_colon_may_hold_a_password() {
    let error = ServerUrl::parse("mysql://me%3Asecret@h/d").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    let url = ServerUrl::parse("mysql://a%3Ab:p@h/d").unwrap();
    assert_eq!(url.user.as_deref(), Some("a:b"));
}

#[test]
fn a_password_that_is_assigned_is_refused() {
    for url in [
        "mysql://h/d;user=me;password=secret",
        "mysql://h/d#pwd=secret",
        "mysql://h;password=secret/d",
        "postgresql://me%20password=secret@h/d",
        "postgresql://h/d?user=me;password=secret",
        "postgresql://h/d;pass%77ord=secret",
    ] {
        let error = ServerUrl::parse(url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    for url in ["postgresql://h/passwords", "postgresql://h/d?options=-capp.token%3Dx"] {
        assert!(ServerUrl::parse(url).is_ok(), "{url}");
    }
}

#[test]
fn a_debug_text_shows_no_password() {
    let url = ServerUrl::parse("mysql://me:secret@h/d?password=secret").unwrap();
    assert!(!format!("{url:?} {:?}", url.password).contains("secret"));
    assert_eq!(url.shown(), "mysql://me:***@h/d?password=***");
}
