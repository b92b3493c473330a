# Usage: bash healthcheck.sh. Ends with 0 when the process of this container is ready for work, else with 1 and why, which `docker inspect` shows.
exec 3<>"/dev/tcp/127.0.0.1/$PORT" || exit 1
printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
mapfile -t answer <&3
case ${answer[0]} in
  'HTTP/1.'?' 200 '*) ;;
  *)
    printf '%s\n' "${answer[@]}"
    exit 1
    ;;
esac
