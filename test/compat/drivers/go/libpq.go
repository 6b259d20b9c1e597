// lib/pq by database/sql: simple queries without parameters, the extended protocol with them;
// prepared statements read numbers and bytea in binary.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

type pqSession struct {
	pool    *sql.DB
	one     *sql.Conn
	notices []any
}

func connectPq(sslmode, password, database string) (*pqSession, error) {
	base, err := pq.NewConnector(connectionString(sslmode, password, database))
	if err != nil {
		return nil, err
	}
	known := &pqSession{}
	connector := pq.ConnectorWithNoticeHandler(base, func(notice *pq.Error) {
		known.notices = append(known.notices, *notice)
	})
	known.pool = sql.OpenDB(connector)
	known.one, err = known.pool.Conn(context.Background())
	return known, err
}

func (known *pqSession) close() {
	if known.one != nil {
		known.one.Close()
	}
	known.pool.Close()
}

func show(rows *sql.Rows) (any, error) {
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	columns := []string{}
	for _, kind := range types {
		columns = append(columns, kind.Name()+":"+kind.DatabaseTypeName())
	}
	shown := [][]any{}
	for rows.Next() {
		cells := make([]any, len(columns))
		places := make([]any, len(columns))
		for index := range cells {
			places[index] = &cells[index]
		}
		if err := rows.Scan(places...); err != nil {
			return shown, err
		}
		for index := range cells {
			cells[index] = canonical(cells[index])
		}
		shown = append(shown, cells)
	}
	return object{"columns": columns, "rows": shown}, rows.Err()
}

func (known *pqSession) perform(one step) (any, error) {
	ctx := context.Background()
	switch one.Op {
	case "query":
		return known.query(ctx, one)
	case "statements":
		return known.statements(ctx, one.Sql)
	case "copy_in":
		return known.copyIn(ctx, one)
	case "listen":
		return listen(one)
	case "cancel":
		limited, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		rows, err := known.one.QueryContext(limited, one.Sql)
		if err != nil {
			return nil, err
		}
		return show(rows)
	case "notices":
		known.notices = nil
		_, err := known.one.ExecContext(ctx, one.Sql)
		return known.notices, err
	case "large_object":
		return known.largeObject(ctx, one)
	case "login":
		return ask("", one.Password, one.Database, "select 1 as one")
	default:
		return ask(one.Mode, "", "", tlsQuery)
	}
}

func (known *pqSession) query(ctx context.Context, one step) (any, error) {
	// Without parameters it is simple, and in text.
	if one.Protocol != "prepared" && one.Format != "binary" {
		rows, err := known.one.QueryContext(ctx, one.Sql, parameters(one)...)
		if err != nil {
			return nil, err
		}
		return show(rows)
	}
	statement, err := known.one.PrepareContext(ctx, one.Sql)
	if err != nil {
		return nil, err
	}
	defer statement.Close()
	answers := []any{}
	for round := 0; round < atLeastOne(one.Times); round++ {
		rows, err := statement.QueryContext(ctx, parameters(one)...)
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

func (known *pqSession) statements(ctx context.Context, text string) (any, error) {
	rows, err := known.one.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	answers := []any{}
	for {
		columns, err := rows.Columns()
		if err != nil {
			return answers, err
		}
		count := 0
		for rows.Next() {
			var cell any
			if err := rows.Scan(&cell); err != nil {
				return answers, err
			}
			answers = append(answers, canonical(cell))
			count++
		}
		answers = append(answers, columns, count)
		if !rows.NextResultSet() {
			return answers, rows.Err()
		}
	}
}

func (known *pqSession) copyIn(ctx context.Context, one step) (any, error) {
	work, err := known.one.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer work.Rollback()
	statement, err := work.PrepareContext(ctx, pq.CopyIn(one.Table, one.Columns...))
	if err != nil {
		return nil, err
	}
	for _, row := range one.Rows {
		if _, err := statement.ExecContext(ctx, row[0], row[1]); err != nil {
			return nil, err
		}
	}
	if _, err := statement.ExecContext(ctx); err != nil {
		return nil, err
	}
	if err := statement.Close(); err != nil {
		return nil, err
	}
	return "copied", work.Commit()
}

func listen(one step) (any, error) {
	listener := pq.NewListener(connectionString("", "", ""), time.Second, time.Second, nil)
	defer listener.Close()
	if err := listener.Listen(one.Channel); err != nil {
		return nil, err
	}
	if _, err := ask("", "", "", fmt.Sprintf("select pg_notify('%s', '%s')", one.Channel, one.Payload)); err != nil {
		return nil, err
	}
	select {
	case news := <-listener.Notify:
		return []any{news.Channel, news.Extra}, nil
	case <-time.After(10 * time.Second):
		return nil, errors.New("no notification within 10 s")
	}
}

func (known *pqSession) largeObject(ctx context.Context, one step) (any, error) {
	var oid int64
	data := parameters(step{Params: hexParameter(one)})[0]
	if err := known.one.QueryRowContext(ctx, "select lo_from_bytea(0, $1)", data).Scan(&oid); err != nil {
		return nil, err
	}
	rows, err := known.one.QueryContext(ctx, "select lo_get($1, 7, 100000), md5(lo_get($1))", oid)
	if err != nil {
		return nil, err
	}
	answer, err := show(rows)
	if err != nil {
		return nil, err
	}
	_, err = known.one.ExecContext(ctx, "select lo_unlink($1)", oid)
	return answer, err
}

func ask(sslmode, password, database, text string) (any, error) {
	other, err := connectPq(sslmode, password, database)
	if err != nil {
		return nil, err
	}
	defer other.close()
	rows, err := other.one.QueryContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	return show(rows)
}

func describe(err error) any {
	var known *pq.Error
	if errors.As(err, &known) {
		return *known
	}
	return err.Error()
}

func cannot(one step) string {
	switch one.Op {
	case "query":
		for _, table := range []string{"strings", "times", "structured"} {
			if one.Format == "binary" && strings.Contains(one.Sql, table) {
				return "reads integers, bytea and UUIDs in binary, nothing else"
			}
		}
	case "pipeline":
		return "waits for every answer"
	case "parts":
		return "reads results as a whole"
	case "copy_out", "copy_through":
		return "copies into the database only, from rows"
	case "tls":
		if one.Mode == "prefer" {
			return "knows no TLS that may be refused"
		}
	}
	return ""
}

func main() {
	runDriver(driver{
		version:  packageVersion("golang-github-lib-pq-dev"),
		cannot:   cannot,
		connect:  func() (session, error) { return connectPq("", "", "") },
		describe: describe,
	})
}
