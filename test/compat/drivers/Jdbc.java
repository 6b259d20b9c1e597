// The JDBC driver of PostgreSQL: simple and extended protocol, named statements, text and binary
// results, portals read in parts, batches, copies, large objects.
// Started from its source by `java -cp postgresql.jar Jdbc.java CASES`.

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.DriverInfo;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public final class Jdbc {
  private static final int LONGEST = 200;
  // Asks the database itself: the answer is the same where acra mirrors the client.
  private static final String TLS_QUERY =
      "select case when ssl then 'tls is on' else 'tls is off' end as tls "
          + "from pg_stat_ssl where pid = pg_backend_pid()";
  private static final Pattern PLACE = Pattern.compile("\\$(\\d+)");

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.println(Json.write(Map.of("version", DriverInfo.DRIVER_VERSION)));
    for (Object one : list(new Json(Files.readString(Path.of(arguments[0]))).read())) {
      Map<String, Object> known = map(one);
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("case", known.get("id"));
      line.put("answers", runSteps(list(known.get("steps"))));
      out.println(Json.write(line));
    }
    System.exit(0);
  }

  private static List<Object> runSteps(List<Object> steps) throws Exception {
    List<Object> answers = new ArrayList<>();
    try (Session session = new Session()) {
      for (Object step : steps) {
        try {
          answers.add(session.perform(map(step)));
        } catch (SQLException error) {
          answers.add(Map.of("error", describe(error)));
        }
      }
    } catch (SQLException error) {
      answers.add(Map.of("connect", describe(error)));
    }
    return answers;
  }

  // The connection of one case; how a query travels is a matter of the connection here.
  private static final class Session implements AutoCloseable {
    private final Map<String, Connection> connections = new LinkedHashMap<>();

    @Override
    public void close() throws SQLException {
      for (Connection connection : connections.values()) {
        connection.close();
      }
    }

    private Connection connection(Object protocol, Object format) throws SQLException {
      String key = protocol + " " + format;
      if (!connections.containsKey(key)) {
        Properties more = new Properties();
        if ("simple".equals(protocol)) {
          more.setProperty("preferQueryMode", "simple");
        }
        if ("prepared".equals(protocol)) {
          more.setProperty("prepareThreshold", "1");
        }
        if ("binary".equals(format)) {
          more.setProperty("prepareThreshold", "-1");
        }
        more.setProperty("binaryTransfer", String.valueOf(!"text".equals(format)));
        connections.put(key, connect(null, null, null, more));
      }
      return connections.get(key);
    }

    Object perform(Map<String, Object> step) throws SQLException {
      String sql = (String) step.get("sql");
      switch ((String) step.get("op")) {
        case "query":
          return query(step);
        case "statements":
          return statements(sql);
        case "pipeline":
          return pipeline(list(step.get("queries")));
        case "parts":
          return parts(step);
        case "copy_out":
          return copyOut(sql);
        case "copy_in":
          return copyIn(step);
        case "copy_through":
          return copyThrough(step);
        case "listen":
          return listen(step);
        case "cancel":
          return cancel(sql);
        case "notices":
          return notices(sql);
        case "large_object":
          return largeObject(step);
        case "login":
          return ask(null, (String) step.get("password"), (String) step.get("database"), "select 1");
        default:
          return ask((String) step.get("mode"), null, null, TLS_QUERY);
      }
    }

    private Connection usual() throws SQLException {
      return connection(null, null);
    }

    private Object query(Map<String, Object> step) throws SQLException {
      Connection connection = connection(step.get("protocol"), step.get("format"));
      String sql = (String) step.get("sql");
      List<Object> answers = new ArrayList<>();
      List<Object> values = list(step.getOrDefault("params", List.of()));
      try (PreparedStatement statement =
          connection.prepareStatement(PLACE.matcher(sql).replaceAll("?"))) {
        for (int round = 0; round < number(step, "times", 1); round++) {
          Matcher places = PLACE.matcher(sql);
          for (int place = 1; places.find(); place++) {
            setParameter(statement, place, values.get(Integer.parseInt(places.group(1)) - 1));
          }
          statement.execute();
          answers.add(show(statement));
        }
      }
      return answers;
    }

    private Object statements(String sql) throws SQLException {
      List<Object> answers = new ArrayList<>();
      try (Statement statement = connection("simple", null).createStatement()) {
        addResults(answers, statement, sql);
      }
      return answers;
    }

    // Several statements of one text travel as a pipeline of the extended protocol; an error in it
    // takes the rows before it away, so it goes without the error first.
    private Object pipeline(List<Object> queries) throws SQLException {
      List<String> good = strings(queries).stream().filter(sql -> !sql.contains("1/0")).toList();
      List<Object> answers = new ArrayList<>();
      try (Statement statement = usual().createStatement()) {
        addResults(answers, statement, String.join("; ", good));
        try {
          addResults(answers, statement, String.join("; ", strings(queries)));
        } catch (SQLException error) {
          answers.add(Map.of("error", describe(error)));
        }
      }
      return answers;
    }

    private void addResults(List<Object> answers, Statement statement, String sql)
        throws SQLException {
      boolean rows = statement.execute(sql);
      while (rows || statement.getUpdateCount() >= 0) {
        answers.add(show(statement));
        rows = statement.getMoreResults();
      }
    }

    private Object parts(Map<String, Object> step) throws SQLException {
      Connection connection = usual();
      connection.setAutoCommit(false);
      List<Object> rows = new ArrayList<>();
      try (PreparedStatement statement = connection.prepareStatement((String) step.get("sql"))) {
        statement.setFetchSize(number(step, "fetch", 1));
        int stop = number(step, "stop", Integer.MAX_VALUE);
        try (ResultSet result = statement.executeQuery()) {
          while (rows.size() < stop && result.next()) {
            rows.add(showRow(result));
          }
        }
      }
      connection.commit();
      connection.setAutoCommit(true);
      return rows;
    }

    private Object copyOut(String sql) throws SQLException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      long count = io(() -> usual().unwrap(PGConnection.class).getCopyAPI().copyOut(sql, out));
      return List.of(count, out.toString(StandardCharsets.UTF_8));
    }

    private Object copyIn(Map<String, Object> step) throws SQLException {
      StringBuilder text = new StringBuilder();
      for (Object row : list(step.get("rows"))) {
        text.append(String.join("\t", strings(row))).append('\n');
      }
      String columns = String.join(",", strings(step.get("columns")));
      String sql = "copy " + step.get("table") + "(" + columns + ") from stdin";
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      return copyFrom(sql, bytes);
    }

    private long copyFrom(String sql, byte[] bytes) throws SQLException {
      PGConnection connection = usual().unwrap(PGConnection.class);
      return io(() -> connection.getCopyAPI().copyIn(sql, new ByteArrayInputStream(bytes)));
    }

    private Object copyThrough(Map<String, Object> step) throws SQLException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      PGConnection connection = usual().unwrap(PGConnection.class);
      io(() -> connection.getCopyAPI().copyOut((String) step.get("out"), out));
      long count = copyFrom((String) step.get("into"), out.toByteArray());
      return List.of(count, canonical(out.toByteArray()));
    }

    private Object listen(Map<String, Object> step) throws SQLException {
      try (Statement statement = usual().createStatement()) {
        statement.execute("listen " + step.get("channel"));
      }
      ask(null, null, null,
          "select pg_notify('" + step.get("channel") + "', '" + step.get("payload") + "')");
      List<Object> heard = new ArrayList<>();
      PGNotification[] all = usual().unwrap(PGConnection.class).getNotifications(10_000);
      for (PGNotification news : all) {
        heard.add(List.of(news.getName(), news.getParameter()));
      }
      return heard;
    }

    // Repeats the cancel: the first may come before the query began.
    private Object cancel(String sql) throws SQLException {
      try (Statement statement = usual().createStatement()) {
        Thread canceller = new Thread(() -> {
          try {
            while (true) {
              Thread.sleep(300);
              statement.cancel();
            }
          } catch (InterruptedException | SQLException over) {
            // The query has ended.
          }
        });
        canceller.start();
        try {
          statement.execute(sql);
          return show(statement);
        } finally {
          canceller.interrupt();
        }
      }
    }

    private Object notices(String sql) throws SQLException {
      try (Statement statement = usual().createStatement()) {
        statement.execute(sql);
        return warnings(statement.getWarnings());
      }
    }

    private Object largeObject(Map<String, Object> step) throws SQLException {
      Connection connection = usual();
      connection.setAutoCommit(false);
      LargeObjectManager objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
      long oid = objects.createLO(LargeObjectManager.READWRITE);
      List<Object> answer = new ArrayList<>();
      try (LargeObject large = objects.open(oid)) {
        large.write((byte[]) parameter(step));
        large.seek(7);
        answer.add(canonical(large.read(100_000)));
        answer.add(large.tell());
        answer.add(large.size());
      }
      objects.unlink(oid);
      connection.commit();
      connection.setAutoCommit(true);
      return answer;
    }
  }

  private interface Copy {
    long run() throws SQLException, java.io.IOException;
  }

  private static long io(Copy copy) throws SQLException {
    try {
      return copy.run();
    } catch (java.io.IOException error) {
      throw new SQLException(error.toString());
    }
  }

  private static String setting(String name) {
    return System.getenv("COMPAT_" + name);
  }

  private static Connection connect(String sslmode, String password, String database, Properties more)
      throws SQLException {
    Properties all = new Properties();
    all.putAll(more);
    all.setProperty("user", setting("USER"));
    all.setProperty("password", password == null ? setting("PASSWORD") : password);
    all.setProperty("sslmode", sslmode == null ? setting("SSLMODE") : sslmode);
    all.setProperty("sslrootcert", setting("SSLROOTCERT"));
    String name = database == null ? setting("DATABASE") : database;
    return DriverManager.getConnection(
        "jdbc:postgresql://" + setting("HOST") + ":" + setting("PORT") + "/" + name, all);
  }

  private static Object ask(String sslmode, String password, String database, String sql)
      throws SQLException {
    try (Connection other = connect(sslmode, password, database, new Properties());
        Statement statement = other.createStatement()) {
      statement.execute(sql);
      return show(statement);
    }
  }

  private static Object show(Statement statement) throws SQLException {
    ResultSet result = statement.getResultSet();
    if (result == null) {
      return Map.of("count", statement.getUpdateCount());
    }
    List<Object> columns = new ArrayList<>();
    for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
      columns.add(result.getMetaData().getColumnName(column) + ":"
          + result.getMetaData().getColumnTypeName(column));
    }
    List<Object> rows = new ArrayList<>();
    while (result.next()) {
      rows.add(showRow(result));
    }
    return Map.of("table", List.of(columns, rows));
  }

  private static Object showRow(ResultSet result) throws SQLException {
    List<Object> row = new ArrayList<>();
    for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
      row.add(canonical(result.getObject(column)));
    }
    return row;
  }

  // A value as text; long ones as their hash.
  private static Object canonical(Object value) {
    if (value == null) {
      return null;
    }
    String text = value instanceof byte[] bytes
        ? "\\x" + HexFormat.of().formatHex(bytes)
        : value.toString();
    if (text.length() <= LONGEST) {
      return text;
    }
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return "sha256:" + HexFormat.of().formatHex(hash) + ":" + text.length();
    } catch (java.security.NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  private static Object parameter(Object value) {
    if (!(value instanceof Map)) {
      return value;
    }
    byte[] piece = HexFormat.of().parseHex((String) map(value).get("hex"));
    byte[] bytes = new byte[piece.length * number(map(value), "times", 1)];
    for (int index = 0; index < bytes.length; index++) {
      bytes[index] = piece[index % piece.length];
    }
    return bytes;
  }

  private static void setParameter(PreparedStatement statement, int place, Object value)
      throws SQLException {
    Object known = parameter(value);
    if (known instanceof byte[] bytes) {
      statement.setBytes(place, bytes);
    } else if (known instanceof Long number) {
      statement.setInt(place, number.intValue());
    } else {
      statement.setObject(place, known);
    }
  }

  private static Object warnings(SQLWarning first) {
    List<Object> all = new ArrayList<>();
    for (SQLWarning one = first; one != null; one = one.getNextWarning()) {
      all.add(describe(one));
    }
    return all;
  }

  private static Object describe(SQLException error) {
    List<Object> fields = new ArrayList<>(List.of(String.valueOf(error.getSQLState())));
    ServerErrorMessage server = error instanceof PSQLException psql
        ? psql.getServerErrorMessage()
        : error instanceof org.postgresql.util.PSQLWarning warning
            ? warning.getServerErrorMessage()
            : null;
    fields.add(server == null ? String.valueOf(error.getMessage()) : server.toString());
    return fields;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(Object value) {
    return (List<Object>) value;
  }

  private static List<String> strings(Object value) {
    return list(value).stream().map(String::valueOf).toList();
  }

  private static int number(Map<String, Object> step, String name, int otherwise) {
    return step.get(name) instanceof Long number ? number.intValue() : otherwise;
  }

  // As much of JSON as the cases need: the JDK has none.
  private static final class Json {
    private final String text;
    private int at = 0;

    Json(String text) {
      this.text = text;
    }

    Object read() {
      char first = text.charAt(at);
      switch (first) {
        case '{':
          Map<String, Object> map = new LinkedHashMap<>();
          while (hasMore('}')) {
            String name = readString();
            at++;
            map.put(name, read());
          }
          return map;
        case '[':
          List<Object> list = new ArrayList<>();
          while (hasMore(']')) {
            list.add(read());
          }
          return list;
        case '"':
          return readString();
        default:
          int start = at;
          while (",]}".indexOf(text.charAt(at)) < 0) {
            at++;
          }
          String word = text.substring(start, at);
          return switch (word) {
            case "null" -> null;
            case "true", "false" -> Boolean.valueOf(word);
            default -> Long.valueOf(word);
          };
      }
    }

    // Steps over an opening bracket, a comma or the closing one.
    private boolean hasMore(char closing) {
      if (text.charAt(at) != closing) {
        at++;
      }
      if (text.charAt(at) != closing) {
        return true;
      }
      at++;
      return false;
    }

    private String readString() {
      StringBuilder read = new StringBuilder();
      for (at++; text.charAt(at) != '"'; at++) {
        char next = text.charAt(at);
        if (next != '\\') {
          read.append(next);
          continue;
        }
        char escaped = text.charAt(++at);
        switch (escaped) {
          case 'n' -> read.append('\n');
          case 't' -> read.append('\t');
          case 'u' -> {
            read.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
            at += 4;
          }
          default -> read.append(escaped);
        }
      }
      at++;
      return read.toString();
    }

    static String write(Object value) {
      if (value instanceof Map<?, ?> map) {
        List<String> fields = new ArrayList<>();
        map.forEach((name, field) -> fields.add(write(name) + ":" + write(field)));
        return "{" + String.join(",", fields) + "}";
      }
      if (value instanceof List<?> list) {
        return "[" + String.join(",", list.stream().map(Json::write).toList()) + "]";
      }
      if (value == null || value instanceof Number) {
        return String.valueOf(value);
      }
      StringBuilder written = new StringBuilder("\"");
      for (char one : value.toString().toCharArray()) {
        if (one == '"' || one == '\\') {
          written.append('\\').append(one);
        } else if (one < ' ') {
          written.append(String.format("\\u%04x", (int) one));
        } else {
          written.append(one);
        }
      }
      return written.append('"').toString();
    }
  }
}
