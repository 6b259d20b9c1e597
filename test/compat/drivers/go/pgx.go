// pgx: the extended protocol in text and binary, several statements, copies, large objects. What it
// shows of rows are the bytes that came.
package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgproto3/v2"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
)

type pgxSession struct {
	one     *pgx.Conn
	notices []any
}

func connectPgx(sslmode, password, database string) (*pgxSession, error) {
	config, err := pgx.ParseConfig(connectionString(sslmode, password, database))
	if err != nil {
		return nil, err
	}
	known := &pgxSession{}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		known.notices = append(known.notices, *notice)
	}
	known.one, err = pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return known, nil
}

func (known *pgxSession) close() {
	known.one.Close(context.Background())
}

// showBinary shows numbers and strings as text, so that one reads them; all else as bytes.
func showBinary(cell []byte, kind uint32) any {
	switch kind {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		number := int64(int8(cell[0]))
		for _, digit := range cell[1:] {
			number = number<<8 | int64(digit)
		}
		return canonical(number)
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID:
		return canonical(string(cell))
	default:
		return canonical(append([]byte{}, cell...))
	}
}

func showCells(cells [][]byte, fields []pgproto3.FieldDescription) []any {
	shown := []any{}
	for column, cell := range cells {
		switch {
		case cell == nil:
			shown = append(shown, nil)
		case fields[column].Format == 1:
			shown = append(shown, showBinary(cell, fields[column].DataTypeOID))
		default:
			shown = append(shown, canonical(string(cell)))
		}
	}
	return shown
}

func show(rows pgx.Rows) (any, error) {
	defer rows.Close()
	fields := rows.FieldDescriptions()
	columns := []any{}
	for _, field := range fields {
		columns = append(columns, []any{string(field.Name), field.DataTypeOID, field.Format})
	}
	shown := [][]any{}
	for rows.Next() {
		shown = append(shown, showCells(rows.RawValues(), fields))
	}
	return object{"status": rows.CommandTag().String(), "columns": columns, "rows": shown}, rows.Err()
}

func (known *pgxSession) perform(one step) (any, error) {
	ctx := context.Background()
	low := known.one.PgConn()
	switch one.Op {
	case "query":
		return known.query(ctx, one)
	case "statements":
		return showResults(low.Exec(ctx, one.Sql))
	case "pipeline":
		return known.pipeline(ctx, one.Queries)
	case "copy_out":
		var out bytes.Buffer
		status, err := low.CopyTo(ctx, &out, one.Sql)
		return []any{status.String(), out.String()}, err
	case "copy_in":
		into := "copy " + one.Table + "(" + strings.Join(one.Columns, ",") + ") from stdin"
		status, err := low.CopyFrom(ctx, strings.NewReader(copyText(one)), into)
		return status.String(), err
	case "copy_through":
		var out bytes.Buffer
		if _, err := low.CopyTo(ctx, &out, one.Out); err != nil {
			return nil, err
		}
		shown := canonical(append([]byte{}, out.Bytes()...))
		status, err := low.CopyFrom(ctx, &out, one.Into)
		return []any{status.String(), shown}, err
	case "listen":
		return known.listen(ctx, one)
	case "cancel":
		return untilEnded(
			func() (any, error) { return showResults(low.Exec(ctx, one.Sql)) },
			func() { low.CancelRequest(ctx) },
		)
	case "notices":
		known.notices = nil
		_, err := known.one.Exec(ctx, one.Sql)
		return known.notices, err
	case "large_object":
		return known.largeObject(ctx, one)
	case "login":
		return ask("", one.Password, one.Database, "select 1 as one")
	default:
		return ask(one.Mode, "", "", tlsQuery)
	}
}

func (known *pgxSession) query(ctx context.Context, one step) (any, error) {
	arguments := []any{pgx.QueryResultFormats{1}}
	if one.Format == "text" {
		arguments = []any{pgx.QueryResultFormats{0}}
	}
	if one.Protocol == "simple" {
		arguments = []any{pgx.QuerySimpleProtocol(true)}
	}
	answers := []any{}
	for round := 0; round < atLeastOne(one.Times); round++ {
		rows, err := known.one.Query(ctx, one.Sql, append(arguments, parameters(one)...)...)
		if err != nil {
			return answers, err
		}
		answer, err := show(rows)
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

func showResults(results *pgconn.MultiResultReader) (any, error) {
	answers := []any{}
	for results.NextResult() {
		reader := results.ResultReader()
		rows := [][]any{}
		for reader.NextRow() {
			rows = append(rows, showCells(reader.Values(), reader.FieldDescriptions()))
		}
		status, err := reader.Close()
		if err != nil {
			results.Close()
			return answers, err
		}
		answers = append(answers, object{"status": status.String(), "rows": rows})
	}
	return answers, results.Close()
}

func (known *pgxSession) pipeline(ctx context.Context, queries []string) (any, error) {
	batch := &pgx.Batch{}
	for _, text := range queries {
		batch.Queue(text)
	}
	results := known.one.SendBatch(ctx, batch)
	defer results.Close()
	answers := []any{}
	for range queries {
		rows, err := results.Query()
		if err != nil {
			answers = append(answers, object{"error": describe(err)})
			continue
		}
		answer, err := show(rows)
		if err != nil {
			answer = object{"error": describe(err)}
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

func (known *pgxSession) listen(ctx context.Context, one step) (any, error) {
	if _, err := known.one.Exec(ctx, "listen "+one.Channel); err != nil {
		return nil, err
	}
	if _, err := ask("", "", "", "select pg_notify('"+one.Channel+"', '"+one.Payload+"')"); err != nil {
		return nil, err
	}
	news, err := known.one.WaitForNotification(ctx)
	if err != nil {
		return nil, err
	}
	return []any{news.Channel, news.Payload}, nil
}

func (known *pgxSession) largeObject(ctx context.Context, one step) (any, error) {
	work, err := known.one.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer work.Rollback(ctx)
	objects := work.LargeObjects()
	oid, err := objects.Create(ctx, 0)
	if err != nil {
		return nil, err
	}
	large, err := objects.Open(ctx, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
	if err != nil {
		return nil, err
	}
	if _, err := large.Write(parameters(step{Params: hexParameter(one)})[0].([]byte)); err != nil {
		return nil, err
	}
	if _, err := large.Seek(7, io.SeekStart); err != nil {
		return nil, err
	}
	part := make([]byte, 100_000)
	count, err := large.Read(part)
	if err != nil {
		return nil, err
	}
	if err := objects.Unlink(ctx, oid); err != nil {
		return nil, err
	}
	return []any{count, canonical(part)}, work.Commit(ctx)
}

func ask(sslmode, password, database, text string) (any, error) {
	other, err := connectPgx(sslmode, password, database)
	if err != nil {
		return nil, err
	}
	defer other.close()
	rows, err := other.one.Query(context.Background(), text)
	if err != nil {
		return nil, err
	}
	return show(rows)
}

func describe(err error) any {
	var known *pgconn.PgError
	if errors.As(err, &known) {
		return *known
	}
	return err.Error()
}

func cannot(one step) string {
	if one.Op == "parts" {
		return "reads results as a whole"
	}
	return ""
}

func main() {
	runDriver(driver{
		version:  packageVersion("golang-github-jackc-pgx-v4-dev"),
		cannot:   cannot,
		connect:  func() (session, error) { return connectPgx("", "", "") },
		describe: describe,
	})
}
