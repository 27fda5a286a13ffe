package sqldb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/weirhq/weir"
)

// mysqlRefusals are the errors of values that MySQL or MariaDB does not take,
// in words. The server's own message may repeat the value, so it is not used.
var mysqlRefusals = map[uint16]string{
	1118: "the row is too large",
	1153: "a value is larger than max_allowed_packet",
	1264: "a number is out of range",
	1265: "a value does not fit the column",
	1292: "a value is not of the column's type",
	1366: "a character is not one of the column's character set",
	1367: "a number is out of range",
	1406: "a text is too long for a key",
	1411: "a value is not of the column's type",
	1690: "a number is out of range",
	3140: "JSON that the server does not take",
	3141: "JSON that the server does not take",
	3157: "JSON is nested too deeply",
	4025: "JSON that the server does not take, perhaps nested too deeply", // MariaDB's check
}

func (m *mariadb) refused(err error) (string, bool) {
	var said *mysql.MySQLError
	switch {
	case errors.Is(err, mysql.ErrPktTooLarge), errors.As(err, &said) && said.Number == 1105 && strings.Contains(said.Message, "max_allowed_packet"):
		return "a value is larger than max_allowed_packet", true
	case !errors.As(err, &said) || mysqlRefusals[said.Number] == "":
		return "", false
	}
	return fmt.Sprintf("%s (error %d)", mysqlRefusals[said.Number], said.Number), true
}

// again is true for deadlocks and for locks that were waited for too long.
func (m *mariadb) again(err error) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said) && (said.Number == 1213 || said.Number == 1205)
}

func (m *mariadb) explain(err error) error {
	var known *weir.Error
	var said *mysql.MySQLError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &said):
		return m.explainSaid(said)
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case isTLS(err):
		return &weir.Error{Code: weir.CodeConfig, Reason: ReasonTLS, Where: m.shown, Message: "no trusted encrypted connection: " + weir.Clip(err.Error()), Remedy: "Check the server's certificate, or choose another sslmode"}
	}
	return &weir.Error{Code: weir.CodeTransient, Where: m.shown, Message: "the connection to MySQL failed or was lost", Remedy: "Check that the server runs and can be reached from here", Err: errors.New(err.Error())}
}

// isTLS reports an error of a handshake.
func isTLS(err error) bool {
	return errors.Is(err, mysql.ErrNoTLS) || errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError)) || errors.As(err, new(tls.RecordHeaderError)) || errors.As(err, new(tls.AlertError))
}

// mysqlMeaning is what errors of the server mean to the user.
var mysqlMeaning = []struct {
	numbers         []uint16
	code            weir.Code
	reason          string
	message, remedy string
}{
	{[]uint16{1045, 1698, 1251, 1862, 4151}, weir.CodeAuth, ReasonPassword, "MySQL does not accept this user and password", "Check the user in the address and the password (MYSQL_PWD)"},
	{[]uint16{1130}, weir.CodeAuth, ReasonPassword, "MySQL does not let this host in", "Give the user the right to connect from here"},
	{[]uint16{1049}, weir.CodeConfig, ReasonDatabase, "there is no such database", "Create the database, or name another one"},
	{[]uint16{1044, 1142, 1143, 1227, 1370}, weir.CodeConfig, ReasonPermission, "the user's rights in this database do not suffice",
		"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, CREATE TEMPORARY TABLES ON the database to this user"},
	{[]uint16{1290, 1792, 1836}, weir.CodeLocal, "", "this server is read-only, perhaps a replica", "Name the primary server, and run again"},
	{[]uint16{1021, 1114, 1041, 3}, weir.CodeLocal, "", "the server's disk or memory is full", "Make room there and run again; what is loaded stays"},
	{[]uint16{1205}, weir.CodeTransient, "", "another session holds a lock on the tables and does not finish", "Find it with SHOW PROCESSLIST, and end it or wait for it"},
	{[]uint16{1213, 1020, 1180, 1040, 1203, 1226, 1053, 1079, 1080, 1158, 1159, 1160, 1161, 1317, 1927, 1969, 3024, 4031}, weir.CodeTransient, "", "the server ended the transaction or takes no more", "Run again"},
	{[]uint16{1062, 1451, 1452, 3819}, weir.CodeConflict, "", "a constraint or unique index that Weir did not make refuses the rows", "Drop it, or load into another database"},
	{[]uint16{1117, 1118, 1074, 1071}, weir.CodeConflict, "", "MySQL cannot have a table of so many or so long columns", "Load into Postgres or files, or read fewer streams"},
}

// explainSaid classes what the server itself has answered.
func (m *mariadb) explainSaid(said *mysql.MySQLError) error {
	for _, is := range mysqlMeaning {
		if slices.Contains(is.numbers, said.Number) {
			return &weir.Error{Code: is.code, Reason: is.reason, Where: m.shown, Message: fmt.Sprintf("%s (error %d)", is.message, said.Number), Remedy: is.remedy}
		}
	}
	switch {
	case mysqlRefusals[said.Number] != "":
		return &weir.Error{Code: weir.CodeData, Where: m.shown, Message: fmt.Sprintf("MySQL cannot take the data: %s (error %d)", mysqlRefusals[said.Number], said.Number)}
	case string(said.SQLState[:]) == "45000":
		return &weir.Error{Code: weir.CodeConflict, Where: m.shown, Message: "a trigger on one of Weir's tables raised: " + weir.Clip(said.Message), Remedy: "Mend or drop the trigger, and run again"}
	}
	return &weir.Error{Code: weir.CodeConflict, Where: m.shown, Message: fmt.Sprintf("MySQL said %d: %s", said.Number, weir.Clip(said.Message)), Err: said}
}
