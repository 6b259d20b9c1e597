// What the driver programs in Go share: cases in, one JSON line a case out.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const longest = 200

// Asks the database itself: the answer is the same where acra mirrors the client.
const tlsQuery = "select case when ssl then 'tls is on' else 'tls is off' end as tls " +
	"from pg_stat_ssl where pid = pg_backend_pid()"

type step struct {
	Op       string
	Sql      string
	Params   []json.RawMessage
	Times    int
	Protocol string
	Format   string
	Queries  []string
	Fetch    int
	Stop     int
	Table    string
	Columns  []string
	Rows     [][]string
	Out      string
	Into     string
	Channel  string
	Payload  string
	Hex      string
	Password string
	Database string
	Mode     string
}

type testCase struct {
	Id    string
	Steps []step
}

type object map[string]any

// session is the connection of one case.
type session interface {
	perform(one step) (any, error)
	close()
}

type driver struct {
	version  string
	cannot   func(one step) string
	connect  func() (session, error)
	describe func(err error) any
}

func setting(name string) string {
	return os.Getenv("COMPAT_" + name)
}

// orElse answers the text, or the other one when it is empty.
func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// connectionString is one of libpq's kind.
func connectionString(sslmode, password, database string) string {
	return fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=%s sslrootcert=%s",
		setting("HOST"), setting("PORT"), setting("USER"), orElse(password, setting("PASSWORD")),
		orElse(database, setting("DATABASE")), orElse(sslmode, setting("SSLMODE")), setting("SSLROOTCERT"))
}

// canonical is a value as text; long ones as their hash.
func canonical(value any) any {
	var text string
	switch value := value.(type) {
	case nil:
		return nil
	case []byte:
		text = "\\x" + hex.EncodeToString(value)
	case time.Time:
		text = value.Format(time.RFC3339Nano)
	default:
		text = fmt.Sprint(value)
	}
	if len(text) <= longest {
		return text
	}
	return fmt.Sprintf("sha256:%x:%d", sha256.Sum256([]byte(text)), len(text))
}

// atLeastOne is for counts that a case may leave out.
func atLeastOne(count int) int {
	if count < 1 {
		return 1
	}
	return count
}

// parameters are those of a step as Go has them.
func parameters(one step) []any {
	values := []any{}
	for _, raw := range one.Params {
		var value any
		check(json.Unmarshal(raw, &value))
		switch known := value.(type) {
		case map[string]any:
			times, _ := known["times"].(float64)
			piece, err := hex.DecodeString(known["hex"].(string))
			check(err)
			value = bytes.Repeat(piece, atLeastOne(int(times)))
		case float64:
			value = int64(known)
		}
		values = append(values, value)
	}
	return values
}

func copyText(one step) string {
	var text strings.Builder
	for _, row := range one.Rows {
		text.WriteString(strings.Join(row, "\t") + "\n")
	}
	return text.String()
}

// untilEnded repeats a cancel until the query ended: the first may come before the query began.
func untilEnded(query func() (any, error), cancel func()) (any, error) {
	ended := make(chan bool)
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(300 * time.Millisecond):
				cancel()
			}
		}
	}()
	defer close(ended)
	return query()
}

// packageVersion asks for the version of the package of the distribution: the sources do not say it.
func packageVersion(name string) string {
	text, err := exec.Command("dpkg-query", "--show", "--showformat=${Version}", name).Output()
	if err != nil {
		return "?"
	}
	version, _, _ := strings.Cut(string(text), "-")
	return version
}

// hexParameter is the content of a large object as the parameter of a query.
func hexParameter(one step) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(fmt.Sprintf(`{"hex":"%s","times":%d}`, one.Hex, one.Times))}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func runSteps(known driver, steps []step) []any {
	one, err := known.connect()
	if err != nil {
		return []any{object{"connect": known.describe(err)}}
	}
	defer one.close()
	answers := []any{}
	for _, next := range steps {
		answer, err := one.perform(next)
		if err != nil {
			answer = object{"error": known.describe(err), "before": answer}
		}
		answers = append(answers, answer)
	}
	return answers
}

// runDriver runs the cases of the file that the command line names.
func runDriver(known driver) {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var cases []testCase
	check(json.Unmarshal(text, &cases))
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	check(output.Encode(object{"version": known.version}))
	for _, one := range cases {
		reason := ""
		for _, next := range one.Steps {
			reason = orElse(reason, known.cannot(next))
		}
		if reason != "" {
			check(output.Encode(object{"case": one.Id, "cannot": reason}))
		} else {
			check(output.Encode(object{"case": one.Id, "answers": runSteps(known, one.Steps)}))
		}
	}
}
